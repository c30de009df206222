export { buildImage } from "./build.ts";
export { checked } from "./checked.ts";
export { customised } from "./customise.ts";
export { readClaim } from "./output/claim.ts";
export { publishImage } from "./output/publish.ts";
export { mustBeSame, mustHaveInputs } from "./output/verify.ts";
export { looks } from "./recorder.ts";
export { shown } from "./shown.ts";
export { linesOf } from "./trying.ts";
