using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <summary>
/// Where a process's page tables lie, by table number (virtual page number / 512). Two levels like the kernel's upper page tables: regions of 512
/// tables (1 GiB) hold the tables' first indices, and the regions found last stand in a direct-mapped cache, so that scattered accesses find their
/// table without hashing.
/// </summary>
internal sealed class PageDirectory
{
    private const int TablesPerRegion = 512;
    private const int CachedRegions = 64;
    private const int NoTable = -1;

    private readonly Dictionary<ulong, int[]> _regions = [];
    private readonly (ulong Number, int[]? Firsts)[] _cache = new (ulong, int[]?)[CachedRegions];

    /// <summary>First index of a table, or negative where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong table)
    {
        var region = table / TablesPerRegion;
        ref readonly var cached = ref _cache[(uint)region % CachedRegions];
        return cached.Number == region && cached.Firsts is { } firsts ? firsts[(uint)table % TablesPerRegion] : FindUncached(table);
    }

    public void Add(ulong table, int first)
    {
        if (!_regions.TryGetValue(table / TablesPerRegion, out var firsts))
        {
            _regions.Add(table / TablesPerRegion, firsts = new int[TablesPerRegion]);
            Array.Fill(firsts, NoTable);
        }

        firsts[table % TablesPerRegion] = first;
    }

    public void Remove(ulong table) => _regions[table / TablesPerRegion][table % TablesPerRegion] = NoTable;

    /// <summary>All tables and their first indices, ascending within a region.</summary>
    public Enumerator GetEnumerator() => new(_regions);

    private int FindUncached(ulong table)
    {
        var region = table / TablesPerRegion;
        if (!_regions.TryGetValue(region, out var firsts))
            return NoTable;
        _cache[region % CachedRegions] = (region, firsts);
        return firsts[table % TablesPerRegion];
    }

    public struct Enumerator(Dictionary<ulong, int[]> regions)
    {
        private Dictionary<ulong, int[]>.Enumerator _regions = regions.GetEnumerator();
        private int _table = TablesPerRegion;

        public readonly (ulong Table, int First) Current =>
            (_regions.Current.Key * TablesPerRegion + (ulong)_table, _regions.Current.Value[_table]);

        public bool MoveNext()
        {
            while (true)
            {
                while (++_table < TablesPerRegion)
                {
                    if (_regions.Current.Value[_table] != NoTable)
                        return true;
                }

                if (!_regions.MoveNext())
                    return false;
                _table = -1;
            }
        }
    }
}
