# What the toolbox engine needs of a Linux: Node for its agent, and the programs that mount. Nothing of the kit itself.
# The list of packages is read from here too, where the image is made without a registry (lib/toolbox/recipe.ts).
FROM debian:bookworm-slim@sha256:40b107342c492725bc7aacbe93a49945445191ae364184a6d24fedb28172f6f7
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
    nodejs mount util-linux e2fsprogs btrfs-progs xfsprogs ca-certificates \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man
