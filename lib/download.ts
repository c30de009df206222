export { digestAlready, type Fetched, fetched, fetchedAlready } from "./download/fetch.ts";
export { fileNameOf, type RemoteBase } from "./download/remote.ts";
export { packingIn, unpacked } from "./download/unpack.ts";
