/** What a client can declare a field to be; times are nanoseconds. */
export type InputType = "string" | "uint64" | "bool" | "reltime" | "abstime" | "ipaddr";

export interface InputField {
  readonly name: string;
  readonly type: InputType;
  readonly list: boolean;
  readonly description: string;
}

/** A source of events as a client of the API declares it. */
export interface InputDeclaration {
  readonly source: string;
  readonly fields: readonly InputField[];
}

/** Text and addresses are strings, numbers and times bigint. */
export type InputValue = string | bigint | boolean | readonly InputValue[];

export interface InputEvent {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Values as declared; fields may be absent. */
  readonly fields: Readonly<Record<string, InputValue>>;
}
