namespace FleetEstimator.Paging;

/// <summary>What madvise said of large folios in a VMA.</summary>
public enum HugeAdvice : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>MADV_HUGEPAGE.</summary>
    Wanted,

    /// <summary>MADV_NOHUGEPAGE.</summary>
    Never,
}

/// <summary>One virtual memory area: pages [<see cref="Start"/>, <see cref="End"/>) of private anonymous memory.</summary>
public sealed class Vma
{
    /// <summary>First virtual page number.</summary>
    public ulong Start { get; internal set; }

    /// <summary>Virtual page number after the last one.</summary>
    public ulong End { get; internal set; }

    /// <summary>Unique among all VMAs of one <see cref="AddressSpace"/> owner; index of per-mechanism VMA state.</summary>
    public int Id { get; internal set; }

    /// <summary>The mapping it is a part of: VMAs that a flag has parted are joined again when they agree, neighbouring mappings never.</summary>
    public int Mapping { get; internal set; }

    /// <summary>mlocked: its pages stay in memory.</summary>
    public bool Locked { get; internal set; }

    /// <summary>What madvise said of large folios here.</summary>
    public HugeAdvice Advice { get; internal set; }

    /// <summary>What a VMA cut at <paramref name="page"/> leaves to the right of it.</summary>
    internal Vma After(ulong page, int id) => new() { Start = page, End = End, Id = id, Mapping = Mapping, Locked = Locked, Advice = Advice };
}

/// <summary>The VMAs of one process, ordered by address. Neighbours are never merged: one mapping is one VMA.</summary>
public sealed class AddressSpace
{
    private readonly List<Vma> _areas = [];
    private int _last;

    /// <summary>The VMAs in ascending order of address.</summary>
    public IReadOnlyList<Vma> Areas => _areas;

    /// <summary>The VMA that holds <paramref name="page"/>, or null.</summary>
    public Vma? Find(ulong page)
    {
        if ((uint)_last < (uint)_areas.Count && _areas[_last].Start <= page && page < _areas[_last].End)
            return _areas[_last];
        var index = FirstEndingAfter(page);
        if (index == _areas.Count || _areas[index].Start > page)
            return null;
        _last = index;
        return _areas[index];
    }

    /// <summary>The first page of [start, end) that no VMA holds, or null when all are mapped.</summary>
    public ulong? FirstUnmapped(ulong start, ulong end)
    {
        for (var page = start; page < end;)
        {
            if (Find(page) is not { } area)
                return page;
            page = area.End;
        }

        return null;
    }

    /// <summary>Whether any VMA holds a page of [start, end).</summary>
    public bool Intersects(ulong start, ulong end)
    {
        var index = FirstEndingAfter(start);
        return index < _areas.Count && _areas[index].Start < end;
    }

    /// <summary>The VMAs that hold a page of [start, end), in ascending order.</summary>
    internal AreaRange AreasIn(ulong start, ulong end) => new(_areas, FirstEndingAfter(start), end);

    /// <summary>The first locked VMA that holds a page of [start, end), or null.</summary>
    internal Vma? FirstLocked(ulong start, ulong end)
    {
        foreach (var area in AreasIn(start, end))
        {
            if (area.Locked)
                return area;
        }

        return null;
    }

    /// <summary>Adds a VMA over [start, end), which must not intersect an existing one.</summary>
    public Vma Map(ulong start, ulong end, int id)
    {
        if (start >= end)
            throw new ArgumentOutOfRangeException(nameof(end), end, "A mapping holds at least one page.");
        if (Intersects(start, end))
            throw new ArgumentException($"Pages {start}..{end - 1} overlap an existing mapping.", nameof(start));
        var area = new Vma { Start = start, End = end, Id = id, Mapping = id };
        _areas.Insert(FirstEndingAfter(start), area);
        return area;
    }

    /// <summary>Removes [start, end) from every VMA; a VMA that is cut in the middle keeps its id in both halves.</summary>
    public void Unmap(ulong start, ulong end)
    {
        for (var index = FirstEndingAfter(start); index < _areas.Count && _areas[index].Start < end;)
        {
            var area = _areas[index];
            var (keepsLeft, keepsRight) = (area.Start < start, area.End > end);
            if (keepsLeft && keepsRight)
            {
                _areas.Insert(index + 1, area.After(end, area.Id));
                area.End = start;
                return;
            }

            if (keepsLeft)
            {
                area.End = start;
                index++;
            }
            else if (keepsRight)
            {
                area.Start = end;
                return;
            }
            else
            {
                _areas.RemoveAt(index);
            }
        }
    }

    /// <summary>Cuts the VMA that holds <paramref name="page"/> in two there; null if a VMA begins there already or none holds it.</summary>
    internal (Vma Left, Vma Right)? Split(ulong page, int id)
    {
        var index = FirstEndingAfter(page);
        if (index == _areas.Count || _areas[index].Start >= page)
            return null;
        var left = _areas[index];
        var right = left.After(page, id);
        left.End = page;
        _areas.Insert(index + 1, right);
        return (left, right);
    }

    /// <summary>Joins what flags had parted and that agrees again, in and around [start, end). Calls <paramref name="joined"/> with the VMA that stays and the one that goes.</summary>
    internal void Join(ulong start, ulong end, Action<Vma, Vma> joined)
    {
        for (var index = Math.Max(1, FirstEndingAfter(start)); index < _areas.Count && _areas[index].Start <= end;)
        {
            var (left, right) = (_areas[index - 1], _areas[index]);
            if (left.End == right.Start && left.Mapping == right.Mapping && left.Locked == right.Locked && left.Advice == right.Advice)
            {
                left.End = right.End;
                joined(left, right);
                _areas.RemoveAt(index);
            }
            else
            {
                index++;
            }
        }
    }

    private int FirstEndingAfter(ulong page)
    {
        var (low, high) = (0, _areas.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_areas[middle].End <= page)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}

/// <summary>An enumeration of VMAs that needs no allocation: those from <paramref name="first"/> on that begin before <paramref name="end"/>.</summary>
internal struct AreaRange(List<Vma> areas, int first, ulong end)
{
    private int _next = first;

    public Vma Current { get; private set; } = null!;

    public readonly AreaRange GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_next == areas.Count || areas[_next].Start >= end)
            return false;
        Current = areas[_next++];
        return true;
    }
}
