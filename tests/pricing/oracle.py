"""A second, naive price of a basket: every allowed choice of offers is written out and the lowest sum taken.

Nothing of ``serving.dialogue.pricing`` is imported. Sums are whole cents, so that no rounding is shared either.
"""

from itertools import chain, combinations

ORDER = ["flash_sale", "quantity_discount", "member_day", "threshold", "coupon", "points"]


def cents(amount) -> int:
    return round(float(amount) * 100)


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def powerset(items):
    return chain.from_iterable(combinations(items, n) for n in range(len(items) + 1))


def split(off: int, sums: dict[str, int]) -> dict[str, int]:
    """Largest remainders: whole cents down, then one more for whoever lost most, by name when equal."""
    whole = sum(sums.values())
    parts = {sku: off * value // whole for sku, value in sums.items()}
    by_loss = sorted(sums, key=lambda sku: (-(off * sums[sku] % whole), sku))
    for sku in by_loss[: off - sum(parts.values())]:
        parts[sku] += 1
    return parts


def cheapest(basket, promotions, prices, day, level, coupons, points) -> int:
    """Returns the lowest total in cents.

    Args:
        promotions: dicts as YAML writes them.
        prices: SKU → price.
        coupons: (spend, amount_off, expires_on).
    """
    pieces: dict[str, int] = {}
    for sku, number in basket:
        pieces[sku] = pieces.get(sku, 0) + number
    running = [
        p
        for p in promotions
        if p["starts"] <= day <= p["ends"]
        and p["rule"]["kind"] in ORDER
        and p["rule"].get("day_of_month", int(day[-2:])) == int(day[-2:])
    ]
    plain = [p for p in running if p["rule"]["kind"] != "coupon"]
    rules = [p for p in running if p["rule"]["kind"] == "coupon"]
    live = [c for c in coupons if c[2] >= day]
    totals = []
    for chosen in powerset(plain):
        totals.append(price(pieces, [(p, None) for p in chosen], prices, level, points))
        for rule in rules:
            for coupon in live:
                totals.append(price(pieces, [*((p, None) for p in chosen), (rule, coupon)], prices, level, points))
    return min(totals)


def price(pieces, chosen, prices, level, points) -> int:
    sums = {sku: cents(prices[sku]) * number for sku, number in pieces.items()}
    taken_by: dict[str, set[str]] = {sku: set() for sku in pieces}
    for kind in ORDER:
        for promotion, coupon in chosen:
            rule = promotion["rule"]
            if rule["kind"] != kind:
                continue
            about = rule["prices"] if kind == "flash_sale" else promotion.get("products") or pieces
            stacks = set(promotion.get("stacks_with", ()))
            free = {sku: sums[sku] for sku in pieces if sku in about and taken_by[sku] <= stacks}
            base, count = sum(free.values()), sum(pieces[sku] for sku in free)
            if kind == "flash_sale":
                less = {sku: free[sku] - cents(rule["prices"][sku]) * pieces[sku] for sku in free}
                parts = {sku: off for sku, off in less.items() if off > 0}
            else:
                off = money_off(rule, base, count, level, coupon, points)
                parts = split(off, free) if off else {}
            for sku, part in parts.items():
                sums[sku] -= part
                taken_by[sku].add(kind)
    return sum(sums.values())


def money_off(rule, base: int, count: int, level, coupon, points) -> int:
    kind = rule["kind"]
    if kind == "quantity_discount":
        best = max((t["percent_off"] for t in rule["tiers"] if t["pieces"] <= count), default=0)
        return half_up(base * cents(best), 10000)
    if kind == "member_day":
        return half_up(base * cents(rule["percent_off"].get(level, 0)), 10000)
    if kind == "threshold":
        times = base // cents(rule["spend"])
        off = cents(rule["amount_off"]) * (times if rule["each"] else min(times, 1))
        return min(off, cents(rule["max_amount_off"])) if rule.get("max_amount_off") else off
    if kind == "coupon":
        return min(cents(coupon[1]), base) if base >= cents(coupon[0]) else 0
    most = base * cents(rule["max_percent"]) // 10000  # cents, down
    return min(points, most * rule["points_per_yuan"] // 100) * 100 // rule["points_per_yuan"]
