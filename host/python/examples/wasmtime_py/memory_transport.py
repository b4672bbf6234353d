"""A transport in memory: it delivers what is sent to its own address, and keeps nothing else. What `transport-backend` is."""

from component import missing, no_support, record, section
from wasmtime.component import Variant

EMAIL_ADDRESS = 0x3003001F
UNREACHABLE = 5 * 100 + 10 + 1


class MemoryTransport:
    """One mailbox. Messages go out into it when they are complete, and come in from it until they are acknowledged."""

    def __init__(self, address):
        self.address = address
        self.sending, self.waiting, self.last = {}, {}, 0

    def identity(self):
        return record(address_types=["SMTP"], uids=[], polls=False, idles=False, resolves=False)

    def register_options(self):
        no_support("an option")

    def notify(self, how, entry_id):
        """Nothing is to be prepared."""

    def begin(self, envelope):
        self.last += 1
        self.sending[self.last] = (envelope, bytearray())
        return self.last

    def write(self, transfer, data):
        (self.sending.get(transfer) or missing(f"transfer {transfer}"))[1].extend(data)

    def finish(self, transfer):
        envelope, data = self.sending.pop(transfer, None) or missing(f"transfer {transfer}")
        mine = [r for r in envelope.recipients if r.serve]
        reached = [r for r in mine if self.address_of(r).lower() == self.address.lower()]
        if reached:
            self.last += 1
            self.waiting[self.last] = bytes(data)
        failure = record(reason=0, diagnostic=-1, status=UNREACHABLE, text="This mailbox is the only one there is.")
        outcomes = [
            record(row=r.row, outcome=Variant("delivered") if r in reached else Variant("failed", failure), set=[]) for r in mine
        ]
        return record(failure=None, retry_after=0, end=set(), recipients=outcomes, set=[])

    @staticmethod
    def address_of(recipient):
        found = [p.value.payload for p in recipient.properties if p.tag == EMAIL_ADDRESS]
        return found[0] if found else ""

    def cancel(self, transfer):
        self.sending.pop(transfer, None)

    def poll(self):
        return bool(self.waiting)

    def idle(self):
        """There is nothing to do."""

    def receive(self):
        for number, data in self.waiting.items():
            return record(number=number, size=len(data), properties=[], recipients=[self.address])
        return None

    def read(self, message, offset, length):
        data = self.waiting.get(message)
        if data is None:
            missing(f"message {message}")
        return data[offset : offset + length]

    def acknowledge(self, message, stored):
        if message not in self.waiting:
            missing(f"message {message}")
        data = self.waiting.pop(message)
        if not stored:
            # It is offered again, behind the others.
            self.waiting[message] = data

    def flush_queues(self, ui, how):
        """What there is goes at once anyway."""

    def validate_state(self, ui, how):
        """It is always ready."""

    def take_effects(self):
        return []


class MemoryTransports:
    """`transport-backend`: a mailbox for each profile section that names this backend."""

    def __init__(self, address):
        self.address, self.transports = address, {}

    def open(self, logon):
        return self.transports.setdefault(section(logon), MemoryTransport(self.address))
