import ssh2 from "ssh2";

export const { Client, utils } = ssh2;
