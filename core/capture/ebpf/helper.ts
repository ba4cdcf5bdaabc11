/** Numbers of the kernel helpers the probe calls (enum bpf_func_id; part of the kernel's stable interface). */
export const HELPER = {
  mapLookup: 1,
  processorId: 8,
  tailCall: 12,
  currentPidTgid: 14,
  currentTask: 35,
  probeReadUser: 112,
  probeReadKernel: 113,
  probeReadUserString: 114,
  probeReadKernelString: 115,
  bootTime: 125,
  ringOutput: 130,
  ringQuery: 134,
  taskStorage: 156,
  currentTaskTyped: 158,
  taskRegisters: 175,
} as const;
