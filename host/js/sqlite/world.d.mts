// The shapes of `mapi:session` (wit/types.wit, wit/backend-types.wit) as jco hands them over: records are objects,
// variants `{ tag, val }`, lists of numbers typed arrays, 64-bit numbers BigInts, absent options `undefined`.

export interface Scode { code: string; raw: number }
export interface Failure {
  code: Scode;
  origin: { tag: 'session' };
  tag: number | undefined;
  argument: string | undefined;
  retry: boolean;
  message: string;
  lowLevel: number;
}

export interface Guid { hi: bigint; lo: bigint }
export interface Value { tag: string; val?: any }
export interface Property { tag: number; value: Value }
export interface ConstantProperty { tag: number; value: Value }
export interface RestrictionNode { tag: string; val?: any }
export interface Restriction { nodes: RestrictionNode[]; constants: ConstantProperty[] }
export interface PropertyName { tag: 'number' | 'text'; val: any }
export interface NamedProperty { set: Guid; name: PropertyName }
export interface MappedName { id: number; name: NamedProperty }

export type ObjectId = Uint8Array;
export type ObjectKind =
  | 'store' | 'folder' | 'search-folder' | 'message' | 'associated' | 'recipient' | 'attachment' | 'embedded-message'
  | 'distribution-list';
export interface ObjectHead { kind: ObjectKind; parent: ObjectId | undefined; version: bigint; arrival: bigint; deleted: boolean }
export type Want = { tag: 'all' } | { tag: 'tags'; val: Uint32Array };
export interface ObjectState { head: ObjectHead; properties: Property[] }
export interface TagSize { tag: number; size: bigint }

export interface ByteArena { bytes: Uint8Array; ends: Uint32Array }
export type ColumnData =
  | { tag: 'longs'; val: Int32Array }
  | { tag: 'i64s'; val: BigInt64Array }
  | { tag: 'text'; val: { text: string; ends: Uint32Array } }
  | { tag: 'bytes'; val: ByteArena }
  | { tag: 'mixed'; val: Value[] };
export interface Column { tag: number; present: Uint8Array; data: ColumnData }
export interface Batch { ids: ByteArena; arrivals: BigUint64Array; parents: ByteArena; kinds: ObjectKind[]; columns: Column[] }

export type Scope = { tag: 'one'; val: ObjectId } | { tag: 'several'; val: { ids: ObjectId[]; recursive: boolean } };
export type ScanKind =
  | 'subfolders' | 'contents' | 'associated' | 'recipients' | 'attachments' | 'deleted-contents' | 'deleted-associated'
  | 'deleted-subfolders' | 'queue';
export type Relop = 'lt' | 'le' | 'gt' | 'ge' | 'eq' | 'ne' | 're' | 'member-of-dl';
export type TextMatch = 'full' | 'prefix' | 'substring';
export type FilterTest =
  | { tag: 'and' | 'or'; val: number }
  | { tag: 'not' }
  | { tag: 'compare'; val: { tag: number; relop: Relop; key: Uint8Array; bounded: boolean; constant: Value } }
  | { tag: 'text'; val: { tag: number; how: TextMatch; folded: string } }
  | { tag: 'bits'; val: { tag: number; relation: 'eqz' | 'nez'; mask: number } }
  | { tag: 'size'; val: { tag: number; relop: Relop; size: number } }
  | { tag: 'exist'; val: number };
export type Filter = FilterTest[];
export interface OrderKey { tag: number; descending: boolean }
export type Support = 'exact' | 'inexact' | 'unsupported';
export interface PlanRequest { scope: Scope; kind: ScanKind; filters: Filter[]; order: OrderKey[] }
export interface Plan { filters: Support[]; order: Support; counts: boolean; positions: boolean; groups: boolean }
export interface RowKey { keys: (Uint8Array | undefined)[]; arrival: bigint }
export type ScanStart =
  | { tag: 'start' } | { tag: 'after'; val: RowKey } | { tag: 'at'; val: RowKey } | { tag: 'position'; val: bigint };
export interface ScanRequest {
  scope: Scope; kind: ScanKind; columns: Uint32Array; cellLimit: number; filters: Filter[]; order: OrderKey[];
  start: ScanStart; backwards: boolean; max: number;
}
export interface ScanPage { batch: Batch; last: RowKey | undefined; more: boolean }
export interface CountRequest { scope: Scope; kind: ScanKind; filters: Filter[] }
export interface GroupRequest {
  scope: Scope; kind: ScanKind; filters: Filter[]; order: OrderKey[]; levels: number;
  after: (Uint8Array | undefined)[] | undefined; max: number;
}
export interface Group { keys: (Uint8Array | undefined)[]; values: (Value | undefined)[]; count: bigint; unread: bigint }
export interface GroupPage { groups: Group[]; more: boolean }
export interface IndexPlan { ordered: Uint32Array; searched: Uint32Array; keyVersion: number }

export type StoredValue = { tag: 'inline'; val: Value } | { tag: 'staged'; val: { number: bigint; size: bigint } };
export interface StoredProperty { tag: number; value: StoredValue; orderKey: Uint8Array | undefined; folded: string | undefined }
export type Expected = { tag: 'exists' } | { tag: 'version'; val: bigint };
export interface CreateChange { object: ObjectId; parent: ObjectId; kind: ObjectKind; properties: StoredProperty[] }
export interface SetChange { object: ObjectId; expected: Expected; set: StoredProperty[]; delete: Uint32Array; quiet: boolean }
export interface BitsChange { object: ObjectId; tag: number; set: number; clear: number }
export interface MoveChange { object: ObjectId; expected: Expected; parent: ObjectId; set: StoredProperty[]; restore: boolean }
export interface CopyChange { source: ObjectId; object: ObjectId; parent: ObjectId; set: StoredProperty[]; delete: Uint32Array }
export interface RemoveChange { object: ObjectId; expected: Expected; hard: boolean }
export type Change =
  | { tag: 'create'; val: CreateChange } | { tag: 'set'; val: SetChange } | { tag: 'bits'; val: BitsChange }
  | { tag: 'move'; val: MoveChange } | { tag: 'copy'; val: CopyChange } | { tag: 'remove'; val: RemoveChange };
export interface CommitRequest { changes: Change[]; token: bigint; deferIndexing: boolean; delivery: boolean }
export interface ChangedObject { version: bigint; arrival: bigint }
export interface Committed { objects: ChangedObject[]; cursor: Uint8Array }
export interface RekeyedObject { object: ObjectId; properties: StoredProperty[] }

export type FeedVerb =
  | { tag: 'created' } | { tag: 'modified' } | { tag: 'deleted'; val: boolean } | { tag: 'moved'; val: ObjectId }
  | { tag: 'copied'; val: { source: ObjectId; sourceParent: ObjectId } };
export interface FeedRecord {
  commit: bigint; token: bigint; object: ObjectId; kind: ObjectKind; parent: ObjectId; verb: FeedVerb; tags: Uint32Array;
  delivery: boolean;
}
export interface FeedPage { records: FeedRecord[]; cursor: Uint8Array; gap: boolean; more: boolean }

export interface StoreIdentity {
  uid: Guid; kind: Guid; mappingSignature: Guid; store: ObjectId; root: ObjectId; privateEntry: Uint8Array; writable: boolean;
  capabilities: Record<string, boolean>; index: IndexPlan;
}
export interface Quota { used: bigint; limit: bigint }
export interface CheckFinding { object: ObjectId | undefined; message: string; repaired: boolean }
export interface CheckReport { objects: bigint; findings: CheckFinding[] }
export interface ProviderLogon {
  backend: string; profile: string; section: Guid; configuration: Property[]; how: Record<string, boolean>; ui: bigint;
  version: number;
}
export interface OpenedStore { store: any; report: { effects: any[]; warning: Failure | undefined } }
