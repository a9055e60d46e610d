export {
  type BasicProperties,
  decodeBasicProperties,
  encodeBasicProperties,
  PropertyFlag,
} from "./basic-properties.ts";
export { printBinary, printOctets } from "./binary-text.ts";
export {
  BASIC_CLASS_ID,
  CONTENT_HEADER_PROPERTIES_OFFSET,
  contentBodySizeAt,
  contentClassIdAt,
  encodeBodyFrames,
  encodeContentHeaderFrame,
  protocolHeader,
} from "./content-header.ts";
export {
  AmqpError,
  type AmqpErrorOptions,
  ChannelError,
  ConnectionError,
  type MethodAddress,
  NO_METHOD,
  truncateReplyText,
} from "./errors.ts";
export { fieldTableFromJson, fieldTableToJson } from "./field-json.ts";
export {
  decodeFieldArray,
  decodeFieldTable,
  encodeFieldArray,
  encodeFieldTable,
} from "./field-table.ts";
export {
  type Decimal,
  EMPTY_TABLE,
  type FieldTable,
  type FieldType,
  type FieldValue,
  integerOf,
  longstr,
  textOf,
} from "./field-value.ts";
export {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_MIN_SIZE,
  FRAME_OVERHEAD,
  HEARTBEAT_FRAME,
  writeFrameHeader,
} from "./frame.ts";
export { frameError, unexpectedFrame } from "./frame-error.ts";
export { type FrameHandler, FrameReader } from "./frame-reader.ts";
export {
  METHOD_IDS,
  METHOD_NAMES,
  type Method,
  type MethodArgs,
  type MethodName,
  type MethodOf,
} from "./method.ts";
export { decodeMethod, encodeMethodFrame, methodIdAt } from "./method-codec.ts";
export { METHOD_TABLE } from "./method-table.ts";
export { checkHeaders, type PropertyPatch, patchProperties } from "./patch-properties.ts";
export { PropertyScan } from "./property-scan.ts";
export { ReplyCode, type ReplyCodeName } from "./reply-code.ts";
