import { ambient } from "../../lib/core/scope.ts";
import { fetched } from "../../lib/download/fetch.ts";

const [url = "", sums = ""] = process.argv.slice(2);
const { sha256 } = await fetched({ url, ...(sums ? { sums } : {}) }, ambient(), { retries: 0, backOff: 1 });
console.log(sha256);
