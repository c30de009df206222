import path from "node:path";
import envPaths from "env-paths";

/** Where the kit keeps what outlives a run. `TPI_HOME` moves all of it into one folder. */
export interface Paths {
  /** Base images, built images, downloaded files: may be deleted at any time. */
  readonly cache: string;
  /** Run logs, virtual boards, fingerprints of boards met before. */
  readonly state: string;
  /** Scratch space of a run. `TPI_TEMP` moves it. */
  readonly temp: string;
}

/** The folders in force now, read from the environment at each call; nothing is created. */
export function paths(): Paths {
  const home = process.env.TPI_HOME;
  const usual = envPaths("tpi", { suffix: "" });
  return {
    cache: home ? path.join(home, "cache") : usual.cache,
    state: home ? path.join(home, "state") : usual.log,
    temp: process.env.TPI_TEMP ?? (home ? path.join(home, "temp") : usual.temp),
  };
}
