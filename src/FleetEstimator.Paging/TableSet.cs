namespace FleetEstimator.Paging;

/// <summary>A set of page tables, each named by any index in it: a bit a table.</summary>
internal sealed class TableSet
{
    private ulong[] _bits = [];

    public void Add(int index)
    {
        var table = index / PageTables.EntriesPerTable;
        if (table / 64 >= _bits.Length)
            Array.Resize(ref _bits, Math.Max(table / 64 + 1, _bits.Length * 2));
        _bits[table / 64] |= 1UL << (table % 64);
    }

    public void Remove(int index)
    {
        var table = index / PageTables.EntriesPerTable;
        if (table / 64 < _bits.Length)
            _bits[table / 64] &= ~(1UL << (table % 64));
    }

    public bool Contains(int index)
    {
        var table = index / PageTables.EntriesPerTable;
        return table / 64 < _bits.Length && ((_bits[table / 64] >> (table % 64)) & 1) != 0;
    }

    public void Clear() => Array.Clear(_bits);
}
