/** Bytes of a task's name in the kernel, the NUL at its end included. */
export const TASK_COMM_LEN = 16;

/** Texts that read as their bytes: the reference shows some of the others as something else. */
export const PLAIN_TEXT = /^[\x21-\x7e]*$/;
