import text from "./installer.yaml" with { type: "text" };

/** The CloudFormation template that creates the macro: its role, its log group, its function and itself. */
export const installerTemplate: string = text;
