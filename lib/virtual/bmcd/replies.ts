import type { Readable } from "node:stream";

/** What goes back for a request. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

const json = { "content-type": "application/json" };
const plain = { "content-type": "text/plain; charset=utf-8" };

/** A body of JSON as it stands. */
export const jsonReply = (body: unknown): Reply => ({
  status: 200,
  headers: json,
  body: JSON.stringify(body),
});

/** A body of plain text. */
export const text = (status: number, body: string): Reply => ({ status, headers: plain, body });

/** The ordinary envelope around a result. */
export const result = (value: unknown): Reply => jsonReply({ response: [{ result: value }] });

/** The answer to a change that was made. */
export const ok: Reply = result("ok");

/** An ordinary call that went wrong: the envelope with the message, and the status that fits. */
export const wrong = (status: 400 | 500 | 501, message: string): Reply => ({
  ...result(message),
  status,
});

/** An ordinary call that failed inside. */
export const failed = (context: string, cause: string): Reply => wrong(500, `Failed to ${context}: ${cause}`);

/** A transfer call that went wrong: always 500 and the bare message. */
export const bare = (message: string): Reply => text(500, message);

/** Success without a body. */
export const empty: Reply = { status: 200 };

/** The web interface, which also stands in for every unknown path. */
export const page: Reply = {
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Turing Pi (virtual)</title></head>
<body><h1>Virtual Turing Pi 2</h1><p>This board is a program. Its API is at <code>/api/bmc</code>.</p></body></html>
`,
};
