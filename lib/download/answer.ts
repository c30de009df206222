import type { Answer } from "./request.ts";

/** What to do with the body of an answer to a request for bytes from `length` on. */
export type Reading =
  | { readonly kind: "body"; readonly from: number; readonly total: number | undefined }
  /** What has arrived is of no use: ask for all of it. */
  | { readonly kind: "restart" }
  /** All of it has arrived already. */
  | { readonly kind: "whole" }
  | {
      readonly kind: "trouble";
      readonly why: string;
      readonly passing: { readonly after: number } | undefined;
    };

/** Reads an answer's status and headers (RFC 9110 §14, §15); pure. */
export function reading(answer: Pick<Answer, "status" | "headers">, length: number): Reading {
  const { status, headers } = answer;
  if (status === 200) return { kind: "body", from: 0, total: count(headers["content-length"]) };
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    if (from === undefined || Number(from) !== length) return { kind: "restart" };
    return { kind: "body", from: length, total: count(total) };
  }
  if (status === 416 && length > 0) {
    const total = count(/^bytes \*\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1]);
    return total === length ? { kind: "whole" } : { kind: "restart" };
  }
  const passing = status >= 500 || [408, 425, 429].includes(status);
  const why = `the server answers ${status}`;
  return { kind: "trouble", why, passing: passing ? { after: pause(headers["retry-after"]) } : undefined };
}

/** What tells one version of a file from another: a strong ETag, else Last-Modified (RFC 9110 §13.1.5). */
export function validatorOf(headers: Readonly<Record<string, string>>): string | undefined {
  const { etag } = headers;
  return etag && !etag.startsWith("W/") ? etag : headers["last-modified"];
}

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

/** Milliseconds of a Retry-After in seconds, a minute at most; its form as a date is not worth a clock's errors. */
const pause = (text: string | undefined): number => Math.min(count(text) ?? 0, 60) * 1000;
