/**
 * Which files an identity and its first boot come to; a part of every image's id, so that a node with an image of an
 * earlier rendering is not taken for up to date. Whoever changes what is rendered adds one: test/os/rendering.test.ts
 * fails until that is done.
 */
export const rendering = 1;
