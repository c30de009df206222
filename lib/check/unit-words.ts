import { nearest } from "../core/nearest.ts";

/** Settings of everything that runs programs (systemd.exec, .kill, .resource-control). */
const running = `
  AllowedCPUs AllowedMemoryNodes AmbientCapabilities AppArmorProfile BPFProgram BindLogSockets BindPaths
  BindReadOnlyPaths BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth
  CPUAccounting CPUAffinity CPUQuota CPUQuotaPeriodSec CPUSchedulingPolicy CPUSchedulingPriority
  CPUSchedulingResetOnFork CPUShares CPUWeight CacheDirectory CacheDirectoryMode CapabilityBoundingSet
  ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter CoredumpReceive DefaultMemoryLow DefaultMemoryMin
  Delegate DelegateSubgroup DeviceAllow DevicePolicy DisableControllers DynamicUser Environment EnvironmentFile
  ExecPaths ExecSearchPath ExtensionDirectories ExtensionImagePolicy ExtensionImages FinalKillSignal Group
  IOAccounting IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOSchedulingClass
  IOSchedulingPriority IOWeight IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow IPAddressDeny
  IPCNamespacePath IPEgressFilterPath IPIngressFilterPath IgnoreSIGPIPE ImportCredential InaccessibleDirectories
  InaccessiblePaths KeyringMode KillMode KillSignal LimitAS LimitCORE LimitCPU LimitDATA LimitFSIZE LimitLOCKS
  LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING
  LimitSTACK LoadCredential LoadCredentialEncrypted LockPersonality LogExtraFields LogLevelMax LogNamespace
  LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory LogsDirectoryMode ManagedOOMMemoryPressure
  ManagedOOMMemoryPressureDurationSec ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap
  MemoryAccounting MemoryDenyWriteExecute MemoryHigh MemoryKSM MemoryLimit MemoryLow MemoryMax MemoryMin
  MemoryPressureThresholdSec MemoryPressureWatch MemorySwapMax MemoryZSwapWriteback MountAPIVFS MountFlags
  MountImagePolicy MountImages NFTSet NUMAMask NUMAPolicy NetworkNamespacePath Nice NoExecPaths NoNewPrivileges
  OOMScoreAdjust PAMName PassEnvironment Personality PrivateBPF PrivateDevices PrivateIPC PrivateMounts
  PrivateNetwork PrivatePIDs PrivateTmp PrivateUsers ProcSubset ProtectClock ProtectControlGroups ProtectHome
  ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem
  ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories ReadWritePaths RemoveIPC RestartKillSignal
  RestrictAddressFamilies RestrictFileSystems RestrictNamespaces RestrictNetworkInterfaces RestrictRealtime
  RestrictSUIDSGID RootDirectory RootEphemeral RootHash RootHashSignature RootImage RootImageOptions RootImagePolicy
  RootVerity RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve SELinuxContext SecureBits SendSIGHUP
  SendSIGKILL SetCredential SetCredentialEncrypted SetLoginEnvironment Slice SmackProcessLabel SocketBindAllow
  SocketBindDeny StandardError StandardInput StandardInputData StandardInputText StandardOutput StartupAllowedCPUs
  StartupAllowedMemoryNodes StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight StartupMemoryHigh
  StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax StateDirectory StateDirectoryMode
  SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix SystemCallArchitectures
  SystemCallErrorNumber SystemCallFilter SystemCallLog TTYColumns TTYPath TTYReset TTYRows TTYVHangup
  TTYVTDisallocate TasksAccounting TasksMax TemporaryFileSystem TimeoutCleanSec TimeoutSec TimerSlackNSec UMask
  UnsetEnvironment User UserNamespacePath UtmpIdentifier UtmpMode WatchdogSignal WorkingDirectory`;

/** The settings of each section up to systemd 258: those of 252 as it lists them itself, and the newer ones of its news. */
const sections: Readonly<Record<string, string>> = {
  Unit: `
  After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure AssertCPUs AssertCapability
  AssertControlGroupController AssertCredential AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable
  AssertFileNotEmpty AssertFirstBoot AssertGroup AssertHost AssertIOPressure AssertKernelCommandLine
  AssertKernelModuleLoaded AssertKernelVersion AssertMemory AssertMemoryPressure AssertNeedsUpdate AssertOSRelease
  AssertPathExists AssertPathExistsGlob AssertPathIsDirectory AssertPathIsEncrypted AssertPathIsMountPoint
  AssertPathIsReadWrite AssertPathIsSymbolicLink AssertSecurity AssertUser AssertVersion AssertVirtualization Before
  BindTo BindsTo CollectMode ConditionACPower ConditionArchitecture ConditionCPUFeature ConditionCPUPressure
  ConditionCPUs ConditionCapability ConditionControlGroupController ConditionCredential ConditionDirectoryNotEmpty
  ConditionEnvironment ConditionFileIsExecutable ConditionFileNotEmpty ConditionFirmware ConditionFirstBoot
  ConditionGroup ConditionHost ConditionIOPressure ConditionKernelCommandLine ConditionKernelModuleLoaded
  ConditionKernelVersion ConditionMemory ConditionMemoryPressure ConditionNeedsUpdate ConditionOSRelease
  ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsEncrypted
  ConditionPathIsMountPoint ConditionPathIsReadWrite ConditionPathIsSymbolicLink ConditionSecurity ConditionUser
  ConditionVersion ConditionVirtualization Conflicts DefaultDependencies Description Documentation FailureAction
  FailureActionExitStatus IgnoreOnIsolate JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument
  JobTimeoutSec JoinsNamespaceOf OnFailure OnFailureIsolate OnFailureJobMode OnSuccess OnSuccessJobMode PartOf
  PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo RebootArgument RefuseManualStart
  RefuseManualStop ReloadPropagatedFrom Requires RequiresMountsFor RequiresOverridable Requisite
  RequisiteOverridable SourcePath StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec
  StopPropagatedFrom StopWhenUnneeded SuccessAction SuccessActionExitStatus SurviveFinalKillSignal Upholds Wants`,
  Install: `
  Alias Also DefaultInstance RequiredBy UpheldBy WantedBy`,
  Service: `${running}
  BusName ExecCondition ExecReload ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost ExitType FailureAction
  FileDescriptorStoreMax FileDescriptorStorePreserve GuessMainPID NonBlocking NotifyAccess OOMPolicy OpenFile
  PIDFile PermissionsStartOnly RebootArgument RefreshOnReload ReloadSignal RemainAfterExit Restart
  RestartForceExitStatus RestartMaxDelaySec RestartMode RestartPreventExitStatus RestartSec RestartSteps
  RootDirectoryStartOnly RuntimeMaxSec RuntimeRandomizedExtraSec Sockets StartLimitAction StartLimitBurst
  StartLimitInterval SuccessExitStatus TimeoutAbortSec TimeoutStartFailureMode TimeoutStartSec
  TimeoutStopFailureMode TimeoutStopSec Type USBFunctionDescriptors USBFunctionStrings WatchdogSec`,
  Socket: `${running}
  Accept AcceptFileDescriptors Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec DeferTrigger
  DeferTriggerMaxSec DirectoryMode ExecStartPost ExecStartPre ExecStopPost ExecStopPre FileDescriptorName
  FlushPending FreeBind IPTOS IPTTL KeepAlive KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec ListenDatagram
  ListenFIFO ListenMessageQueue ListenNetlink ListenSequentialPacket ListenSpecial ListenStream ListenUSBFunction
  Mark MaxConnections MaxConnectionsPerSource MessageQueueMaxMessages MessageQueueMessageSize NoDelay
  PassCredentials PassFileDescriptorsToExec PassPIDFD PassPacketInfo PassSecurity PipeSize PollLimitBurst
  PollLimitIntervalSec Priority ReceiveBuffer RemoveOnStop ReusePort SELinuxContextFromNet SendBuffer Service
  SmackLabel SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode SocketProtocol SocketUser Symlinks TCPCongestion
  Timestamping Transparent TriggerLimitBurst TriggerLimitIntervalSec Writable XAttrEntryPoint`,
  Mount: `${running}
  DirectoryMode ForceUnmount LazyUnmount Options ReadWriteOnly SloppyOptions Type What Where`,
  Swap: `${running}
  Options Priority What`,
  Automount: `
  DirectoryMode ExtraOptions TimeoutIdleSec Where`,
  Timer: `
  AccuracySec DeferReactivation FixedRandomDelay OnActiveSec OnBootSec OnCalendar OnClockChange OnStartupSec
  OnTimezoneChange OnUnitActiveSec OnUnitInactiveSec Persistent RandomizedDelaySec RandomizedOffsetSec
  RemainAfterElapse Unit WakeSystem`,
  Path: `
  DirectoryMode DirectoryNotEmpty MakeDirectory PathChanged PathExists PathExistsGlob PathModified TriggerLimitBurst
  TriggerLimitIntervalSec Unit`,
};

const words = new Map(
  Object.entries(sections).map(([name, text]) => [name, new Set(text.trim().split(/\s+/))]),
);

/** The sections that a unit of a type such as `service` may have; others are passed over with a line in the journal. */
export const sectionsFor = (type: string): readonly string[] => {
  const own = [...words.keys()].find((name) => name.toLowerCase() === type);
  return ["Unit", "Install", ...(own === undefined ? [] : [own])];
};

/**
 * What was probably meant by a setting that systemd passes over: another word of its section, or a section where that
 * word stands. Undefined where the setting is known, or nothing is near, for there may be newer ones.
 */
export function meant(section: string, key: string): string | undefined {
  const known = words.get(section);
  if (known === undefined || known.has(key) || /^X-/.test(key)) return undefined;
  const elsewhere = [...words].filter(([name, all]) => all.has(key) && commonSections.has(name));
  const [first] = elsewhere;
  if (first !== undefined) return `[${first[0]}] ${key}=`;
  const word = nearest(key, [...known]);
  return word === undefined ? undefined : `${word}=`;
}

/** Where a misplaced word is looked for first to last. */
const commonSections: ReadonlySet<string> = new Set([
  "Unit",
  "Service",
  "Install",
  "Timer",
  "Socket",
  "Path",
]);

const times =
  /^(infinity|(\d+(\.\d+)?\s*(usec|us|µs|msec|ms|seconds?|sec|s|minutes?|min|m|hours?|hr|h|days?|d|weeks?|w|months?|M|years?|y)?\s*)+)$/;
const outputs =
  /^(inherit|null|tty|journal|kmsg|syslog|(journal|kmsg|syslog)\+console|socket|fd(:\S+)?|(file|append|truncate):\/.*)$/;
const truth = /^(1|0|yes|no|y|n|true|false|t|f|on|off)$/i;
const switches = `RemainAfterExit DynamicUser NoNewPrivileges Persistent DefaultDependencies GuessMainPID WakeSystem
  PrivateNetwork PrivateDevices ProtectClock ProtectKernelLogs ProtectKernelModules ProtectKernelTunables SendSIGKILL
  NonBlocking MemoryDenyWriteExecute RefuseManualStart StopWhenUnneeded LockPersonality RestrictRealtime Accept`;

const oneOf = (list: string): RegExp => new RegExp(`^(${list.split(" ").join("|")})$`);

/** What values must look like, by section and word or by word alone (systemd.service(5), systemd.exec(5), systemd.kill(5)). */
const values: Readonly<Record<string, RegExp>> = {
  "Service.Type": oneOf("simple exec forking oneshot dbus notify notify-reload idle"),
  "Service.Restart": oneOf("no on-success on-failure on-abnormal on-watchdog on-abort always"),
  NotifyAccess: oneOf("none main exec all"),
  KillMode: oneOf("control-group mixed process none"),
  StandardInput: /^(null|tty|tty-force|tty-fail|data|socket|fd(:\S+)?|file:\/.*)$/,
  StandardOutput: outputs,
  StandardError: outputs,
  ProtectHome: /^(read-only|tmpfs|1|0|yes|no|y|n|true|false|t|f|on|off)$/i,
  ProtectSystem: /^(full|strict|1|0|yes|no|y|n|true|false|t|f|on|off)$/i,
  RestartSec: times,
  TimeoutStartSec: times,
  TimeoutStopSec: times,
  TimeoutSec: times,
  RuntimeMaxSec: times,
  WatchdogSec: times,
  StartLimitIntervalSec: times,
  AccuracySec: times,
  RandomizedDelaySec: times,
  ...Object.fromEntries(
    ["OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec"].map((key) => [key, times]),
  ),
  UMask: /^[0-7]{1,4}$/,
  ...Object.fromEntries(switches.split(/\s+/).map((key) => [key, truth])),
};

/** Whether systemd takes a value; it may have a specifier, and what is not listed here passes. */
export const takes = (section: string, of: { readonly key: string; readonly value: string }): boolean => {
  const shape = values[`${section}.${of.key}`] ?? values[of.key];
  return shape === undefined || of.value === "" || of.value.includes("%") || shape.test(of.value);
};
