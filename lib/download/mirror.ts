import { configFile, configIn } from "../config.ts";

/** The mirror in force: TPI_MIRROR, or `mirror:` of the tpi.yaml that is found; undefined where there is none. */
export function mirrorInForce(): string | undefined {
  const named = process.env.TPI_MIRROR;
  if (named !== undefined) return named === "" ? undefined : named;
  const file = configFile();
  return file === undefined ? undefined : configIn(file).mirror;
}

/** Where a mirror has what is published at `url`: below the host's name, as `wget -x` would have put it there. */
export function mirrored(url: string, mirror: string | undefined): string {
  if (mirror === undefined) return url;
  const { host, pathname } = new URL(url);
  return `${mirror.replace(/\/+$/, "")}/${host}${pathname}`;
}
