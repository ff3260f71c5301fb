"""How many connections there are: before their hello by address, after it by customer, and in all."""

from __future__ import annotations

from collections import Counter

from server.settings import Live as Settings


class Admission:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._addresses: Counter[str] = Counter()
        self._customers: Counter[str] = Counter()
        self.connections = 0

    @property
    def is_full(self) -> bool:
        return self.connections >= self._settings.connections_max

    def crowded(self, address: str) -> bool:
        """Whether too many connections of this address have not said who they are."""
        return self._addresses[address] >= self._settings.hellos_per_address

    def arrive(self, address: str) -> None:
        self.connections += 1
        self._addresses[address] += 1

    def enter(self, customer: str) -> bool:
        """Take a place of the customer's, for a connection or a waiting poll; False when all are taken."""
        if self._customers[customer] >= self._settings.connections_per_customer:
            return False
        self._customers[customer] += 1
        return True

    def leave(self, customer: str) -> None:
        _drop(self._customers, customer)

    def forget_address(self, address: str) -> None:
        """It has said hello, or gone without."""
        _drop(self._addresses, address)

    def depart(self) -> None:
        self.connections -= 1


def _drop(counter: Counter[str], key: str) -> None:
    # Nothing stays behind of those who left.
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
