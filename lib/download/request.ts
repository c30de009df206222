import type { Readable } from "node:stream";
import { EnvHttpProxyAgent, request } from "undici";
import { TpiError } from "../core/fault.ts";

/** What a server said, with a body that is still to be read or thrown away. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** How something is asked for. */
export interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether plain HTTP will do, because what comes is checked by a digest that came from elsewhere. */
  readonly plain: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds of silence after which the server is given up. */
  readonly patience?: number;
}

/** Connections by way of HTTP_PROXY and HTTPS_PROXY, as NO_PROXY allows; closed at the end of a download. */
export interface Line extends AsyncDisposable {
  /** Asks for `url`, redirects followed; `DOWNLOAD_UNSAFE` where one leads to plain HTTP. */
  ask(url: string, asking: Asking): Promise<Answer>;
}

const redirects = [301, 302, 303, 307, 308];

/** Opens a line; the environment is read now. */
export function line(): Line {
  const dispatcher = new EnvHttpProxyAgent();
  const ask = async (url: string, asking: Asking, left = 10): Promise<Answer> => {
    if (!asking.plain && !url.startsWith("https:")) throw new TpiError("DOWNLOAD_UNSAFE", { url });
    const { patience = 60_000, signal } = asking;
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      signal,
      headersTimeout: patience,
      bodyTimeout: patience,
      headers: { "accept-encoding": "identity", "user-agent": "tpi", ...asking.headers },
    });
    const flat = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")] as const);
    const answer = { status: statusCode, headers: Object.fromEntries(flat), body };
    const to = answer.headers.location;
    if (!redirects.includes(statusCode) || to === undefined) return answer;
    discard(answer);
    if (left === 0) throw new TpiError("DOWNLOAD_FAILED", { url, why: "it is redirected without end" });
    return await ask(new URL(to, url).href, asking, left - 1);
  };
  return { ask: (url, asking) => ask(url, asking), [Symbol.asyncDispose]: () => dispatcher.destroy() };
}

/** Throws away a body that nobody wants; its connection ends with it. */
export function discard({ body }: Answer): void {
  body.on("error", () => {}).destroy();
}
