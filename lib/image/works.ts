/**
 * What opens, edits, splices, checks and publishes images. Half of the kit's modules, and half of its start-up time: they
 * are loaded when the first image is opened, as a run that finds everything done opens none.
 */
export const works = () => import("./workshop.ts");
