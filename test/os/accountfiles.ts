import type { AccountFiles } from "../../lib/os/passwd.ts";

/** Raspberry Pi OS as it comes, shortened. */
export const raspios: AccountFiles = {
  passwd: `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
pi:x:1000:1000:,,,:/home/pi:/bin/bash
`,
  shadow:
    "root:*:19700:0:99999:7:::\ndaemon:*:19700:0:99999:7:::\nnobody:*:19700:0:99999:7:::\npi:!:19700:0:99999:7:::\n",
  group:
    "root:x:0:\ndaemon:x:1:\nsudo:x:27:pi\nvideo:x:44:pi\nusers:x:100:pi\nnogroup:x:65534:\npi:x:1000:\ngpio:x:986:pi\n",
  gshadow: "root:*::\ndaemon:*::\nsudo:*::pi\nvideo:*::pi\nusers:*::pi\nnogroup:*::\npi:!::\ngpio:!::pi\n",
};
