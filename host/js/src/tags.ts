/**
 * The usual properties by name: identifier and kind of value. Any other is named by its tag.
 */

export const TAGS = {
  // Objects
  entryId: [0x0fff, 'bytes'], recordKey: [0x0ff9, 'bytes'], objectType: [0x0ffe, 'long'], displayName: [0x3001, 'text'],
  comment: [0x3004, 'text'], createdAt: [0x3007, 'time'], modifiedAt: [0x3008, 'time'], parentEntryId: [0x0e09, 'bytes'],
  storeEntryId: [0x0ffb, 'bytes'], searchKey: [0x300b, 'bytes'], access: [0x0ff4, 'long'],
  // Messages
  subject: [0x0037, 'text'], normalizedSubject: [0x0e1d, 'text'], subjectPrefix: [0x003d, 'text'], messageClass: [0x001a, 'text'],
  body: [0x1000, 'text'], html: [0x1013, 'bytes'], nativeBody: [0x1016, 'long'], messageFlags: [0x0e07, 'long'], size: [0x0e08, 'long'],
  importance: [0x0017, 'long'], priority: [0x0026, 'long'], sensitivity: [0x0036, 'long'], deliveredAt: [0x0e06, 'time'],
  submittedAt: [0x0039, 'time'], senderName: [0x0c1a, 'text'], senderAddress: [0x0c1f, 'text'], senderEntryId: [0x0c19, 'bytes'],
  fromName: [0x0042, 'text'], fromAddress: [0x0065, 'text'], displayTo: [0x0e04, 'text'], displayCc: [0x0e03, 'text'],
  displayBcc: [0x0e02, 'text'], hasAttachments: [0x0e1b, 'boolean'], internetMessageId: [0x1035, 'text'],
  inReplyTo: [0x1042, 'text'], references: [0x1039, 'text'], conversationTopic: [0x0070, 'text'], conversationIndex: [0x0071, 'bytes'],
  sentMailEntryId: [0x0e0a, 'bytes'], deleteAfterSubmit: [0x0e01, 'boolean'], transportHeaders: [0x007d, 'text'],
  internetCodePage: [0x3fde, 'long'], flagStatus: [0x1090, 'long'],
  // Folders and stores
  contentCount: [0x3602, 'long'], unreadCount: [0x3603, 'long'], hasSubfolders: [0x360a, 'boolean'], folderType: [0x3601, 'long'],
  containerClass: [0x3613, 'text'], depth: [0x3005, 'long'], ipmSubtreeEntryId: [0x35e0, 'bytes'], outboxEntryId: [0x35e2, 'bytes'],
  wastebasketEntryId: [0x35e3, 'bytes'], sentFolderEntryId: [0x35e4, 'bytes'], defaultStore: [0x3400, 'boolean'],
  storeSupport: [0x340d, 'long'], providerDisplay: [0x3006, 'text'], resourceFlags: [0x3009, 'long'], defaultProfile: [0x3d04, 'boolean'],
  // Rows of tables
  instanceKey: [0x0ff6, 'bytes'], rowId: [0x3000, 'long'], rowType: [0x0ff5, 'long'],
  // Recipients and addresses
  recipientType: [0x0c15, 'long'], addressType: [0x3002, 'text'], emailAddress: [0x3003, 'text'], smtpAddress: [0x39fe, 'text'],
  displayType: [0x3900, 'long'], account: [0x3a00, 'text'], company: [0x3a16, 'text'], phone: [0x3a08, 'text'],
  anr: [0x360c, 'text'],
  // Attachments
  attachmentNumber: [0x0e21, 'long'], attachmentName: [0x3707, 'text'], attachmentData: [0x3701, 'bytes'],
  attachmentSize: [0x0e20, 'long'], attachmentMethod: [0x3705, 'long'], attachmentType: [0x370e, 'text'],
  attachmentContentId: [0x3712, 'text'],
  // Services and status
  serviceName: [0x3d09, 'text'], serviceUid: [0x3d0c, 'bytes'], providerUid: [0x300c, 'bytes'], statusCode: [0x3e04, 'long'],
  resourceType: [0x3e03, 'long'],
} as const satisfies Record<string, readonly [number, 'text' | 'long' | 'boolean' | 'i8' | 'double' | 'time' | 'bytes' | 'guid' | 'texts' | 'object']>;

/** The name of a property. */
export type TagName = keyof typeof TAGS;
