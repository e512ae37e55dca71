import type { NodeType } from "@automatrix/core";
import { createEmailSend } from "../email-send/email-send.js";
import { createPushNotify } from "../push-notify/push-notify.js";
import { slackMessage } from "../slack-message/slack-message.js";
import { createSmsSend } from "../sms-send/sms-send.js";
import type { MessagingOptions } from "./messaging-options.js";

/** Nodes that send messages to people. Each sends at most once. */
export function createMessagingNodes(options: MessagingOptions = {}): readonly NodeType[] {
  return Object.freeze([createEmailSend(options), createSmsSend(options), slackMessage, createPushNotify()]);
}
