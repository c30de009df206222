/** The keywords of sshd_config(5) up to OpenSSH 10, in lower case. */
export const sshdWords: ReadonlySet<string> = new Set(
  `acceptenv addressfamily allowagentforwarding allowgroups allowstreamlocalforwarding allowtcpforwarding allowusers
  authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile authorizedprincipalscommand
  authorizedprincipalscommanduser authorizedprincipalsfile banner casignaturealgorithms challengeresponseauthentication
  channeltimeout chrootdirectory ciphers clientalivecountmax clientaliveinterval compression denygroups denyusers
  debianbanner disableforwarding exposeauthinfo fingerprinthash forcecommand gatewayports gssapiauthentication
  gssapicleanupcredentials gssapistrictacceptorcheck gssapikeyexchange gssapikexalgorithms gssapistorecredentialsonrekey
  hostbasedacceptedalgorithms hostbasedauthentication hostbasedusesnamefrompacketonly hostcertificate hostkey
  hostkeyagent hostkeyalgorithms ignorerhosts ignoreuserknownhosts include ipqos kbdinteractiveauthentication
  kerberosauthentication kerberosgetafstoken kerberosorlocalpasswd kerberosticketcleanup kexalgorithms
  keyregenerationinterval listenaddress logingracetime loglevel logverbose macs match maxauthtries maxsessions
  maxstartups modulifile passwordauthentication permitemptypasswords permitlisten permitopen permitrootlogin
  permittty permittunnel permituserenvironment permituserrc persourcemaxstartups persourcenetblocksize
  persourcepenalties persourcepenaltyexemptlist pidfile port printlastlog printmotd protocol pubkeyacceptedalgorithms
  pubkeyacceptedkeytypes pubkeyauthentication pubkeyauthoptions rdomain refuseconnection rekeylimit requiredrsasize
  revokedkeys securitykeyprovider serverkeybits setenv skeyregen sshdsessionpath sshdauthpath streamlocalbindmask
  streamlocalbindunlink strictmodes subsystem syslogfacility tcpkeepalive trustedusercakeys unusedconnectiontimeout
  usedns uselogin usepam useprivilegeseparation versionaddendum x11displayoffset x11forwarding x11uselocalhost
  xauthlocation hostdsakey rsaauthentication rhostsrsaauthentication`.split(/\s+/),
);

/** Keywords that may stand several times and add up, or whose order is their meaning. */
export const sshdLists: ReadonlySet<string> = new Set(
  "acceptenv allowgroups allowusers denygroups denyusers hostcertificate hostkey include listenaddress match permitlisten permitopen port setenv subsystem".split(
    " ",
  ),
);

/** Keywords whose value is yes or no. */
export const sshdSwitches: ReadonlySet<string> = new Set(
  "passwordauthentication pubkeyauthentication permitemptypasswords kbdinteractiveauthentication usepam x11forwarding strictmodes usedns printmotd".split(
    " ",
  ),
);
