/** The three files of the NoCloud seed, as on the CIDATA volume of the RK1 server image. */
export interface Seed {
  readonly "meta-data": string;
  readonly "user-data": string;
  readonly "network-config": string;
}

/** cloud-init creates `ubuntu` with the password `ubuntu`, to be changed at the first login, and asks DHCP everywhere. */
export const seed: Seed = {
  "meta-data": "instance-id: cloud-image\n",
  "user-data": `#cloud-config
chpasswd:
  expire: true
  users:
    - name: ubuntu
      password: ubuntu
      type: text
ssh_pwauth: true
`,
  "network-config": `version: 2
ethernets:
  zz-all-en:
    match:
      name: "en*"
    dhcp4: true
  zz-all-eth:
    match:
      name: "eth*"
    dhcp4: true
`,
};
