// Puts a file of the host into an image, as a process of its own that tests can measure and kill. Words: the base, the
// file, the result.
import { image } from "../../lib/image.ts";

const [base = "", file = "", to = ""] = process.argv.slice(2);
const built = await image(base).copy(file, "/srv/large").save(to);
process.stdout.write(`${built.sha256}\n`);
