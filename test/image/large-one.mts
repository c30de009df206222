// Puts a file of the host into an image, as a process of its own that tests can measure and kill. Words: the base, the
// file, and the result: a folder to publish in where it ends in a slash.
import { image } from "../../lib/image.ts";

const [base = "", file = "", to = ""] = process.argv.slice(2);
const said = image(base).copy(file, "/srv/large");
const { sha256 } = await (to.endsWith("/") ? said.publish(to) : said.save(to));
process.stdout.write(`${sha256}\n`);
