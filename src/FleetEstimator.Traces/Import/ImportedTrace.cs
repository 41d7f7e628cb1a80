using System.Numerics;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// The trace that an importer writes. Joins rows that continue each other, maps memory that is used and of which the file does not say where its
/// mappings are, and counts what a person can check.
/// </summary>
internal sealed class ImportedTrace(ImportJob job, RowSink sink, TraceHeader header)
{
    /// <summary>Pages of an aligned block, 2 MiB of 4 KiB pages: what is mapped at once where mappings are not known.</summary>
    public const int BlockPages = 512;

    private readonly Dictionary<uint, Dictionary<ulong, ulong[]>> _touched = [];
    private readonly HashSet<uint> _withKnownMappings = [];
    private readonly HashSet<uint> _processes = [];
    private readonly OperationTotals[] _totals = new OperationTotals[(int)OperationKind.Settle + 1];
    private readonly ulong _addressSpacePages = TraceFormat.AddressSpacePages(header.PageSize);

    private TraceRow _pending;
    private (ImportFile File, string Unit, long Number) _pendingPlace;
    private bool _hasPending;
    private int _blocks;

    /// <summary>What the trace says about itself.</summary>
    public TraceHeader Header => header;

    /// <summary>Whether rows that continue each other become one.</summary>
    public bool JoinsRows { get; init; } = true;

    /// <summary>Where the importer is in its file, for messages, and what its numbers count.</summary>
    public (ImportFile File, string Unit, long Number) Place { get; set; } = (job.File, "", 0);

    /// <summary>Rows written.</summary>
    public long Rows { get; private set; }

    /// <summary>Processes that use memory.</summary>
    public int Processes => _processes.Count;

    /// <summary>Different pages that were used.</summary>
    public long DistinctPages { get; private set; }

    /// <summary>Pages of all mappings.</summary>
    public long MappedPages { get; private set; }

    /// <summary>Time of the last row.</summary>
    public ulong LastTime { get; private set; }

    /// <summary>Rows and pages by operation.</summary>
    public ReadOnlySpan<OperationTotals> Totals => _totals;

    /// <summary>A mapping as the file has it. From then on the process's mappings are known: what lies outside is an error.</summary>
    public void Map(ulong time, uint process, ulong page, ulong pages)
    {
        _withKnownMappings.Add(process);
        AppendMap(time, process, page, pages);
    }

    /// <summary>A row as it is, for files that list every page at most once.</summary>
    public void Add(ulong time, OperationKind kind, uint process, ulong page, ulong pages, PageContent content = PageContent.Unknown, ulong fill = 0)
    {
        DistinctPages += kind == OperationKind.ObservedSwapOut ? 0 : (long)pages;
        AppendRun(time, new Operation(kind, process, page, 0, content), pages, fill);
    }

    /// <summary>A row of a trace whose processes map what they use.</summary>
    public void AddAsItIs(ulong time, in Operation operation, ulong fill)
    {
        switch (operation.Kind)
        {
            case OperationKind.Map:
                Map(time, operation.Process, operation.Page, operation.Pages);
                break;
            case OperationKind.Fork:
                Fork(time, operation.Process, (uint)operation.Page);
                break;
            case OperationKind.Exit:
                Exit(time, operation.Process);
                break;
            case OperationKind.Read or OperationKind.Write or OperationKind.Observe or OperationKind.Access:
                _withKnownMappings.Add(operation.Process);
                Use(time, operation, operation.Pages, fill);
                break;
            default:
                Append(time, operation, fill);
                break;
        }
    }

    /// <summary>
    /// A use of pages. Where the process has no known mappings, each aligned block of <see cref="BlockPages"/> is mapped when it is first used, neighbouring
    /// blocks of one use together.
    /// </summary>
    public void Use(ulong time, in Operation operation, ulong pages, ulong fill = 0)
    {
        var process = operation.Process;
        if (operation.Page >= _addressSpacePages || pages > _addressSpacePages - operation.Page)
        {
            throw Wrong("page", $"{pages} pages from page {operation.Page} on reach beyond the {_addressSpacePages} pages of {header.PageSize} bytes that 64-bit addresses have",
                "Check the unit of addresses and the page size");
        }

        var (first, last) = (operation.Page / BlockPages, (operation.Page + pages - 1) / BlockPages);
        if (last - first >= (ulong)job.Limits.BlocksMax)
            throw TooManyBlocks();
        if (!_touched.TryGetValue(process, out var blocks))
        {
            CheckProcesses();
            _touched.Add(process, blocks = []);
        }

        var mapsItself = !_withKnownMappings.Contains(process);
        var (unmappedFrom, unmappedBlocks) = (0UL, 0UL);
        for (var block = first; block <= last; block++)
        {
            if (!blocks.TryGetValue(block, out var bits))
            {
                if (++_blocks > job.Limits.BlocksMax)
                    throw TooManyBlocks();
                blocks.Add(block, bits = new ulong[BlockPages / 64]);
                if (unmappedBlocks++ == 0)
                    unmappedFrom = block;
            }
            else
            {
                MapBlocks();
            }

            Mark(bits, block == first ? (int)(operation.Page % BlockPages) : 0, block == last ? (int)((operation.Page + pages - 1) % BlockPages) : BlockPages - 1);
        }

        MapBlocks();
        AppendRun(time, operation, pages, fill);

        void MapBlocks()
        {
            if (unmappedBlocks > 0 && mapsItself)
                AppendMap(time, process, unmappedFrom * BlockPages, unmappedBlocks * BlockPages);
            unmappedBlocks = 0;
        }
    }

    /// <summary>A process ends; its number is free.</summary>
    public void Exit(ulong time, uint process)
    {
        if (_touched.Remove(process, out var blocks))
            _blocks -= blocks.Count;
        _withKnownMappings.Remove(process);
        Append(time, new Operation(OperationKind.Exit, process, 0, 1), 0);
    }

    /// <summary>A process forks another, which has what it has.</summary>
    public void Fork(ulong time, uint parent, uint child)
    {
        if (_touched.TryGetValue(parent, out var blocks))
        {
            CheckProcesses();
            if (blocks.Count > job.Limits.BlocksMax - _blocks)
                throw TooManyBlocks();
            _blocks += blocks.Count;
            _touched[child] = blocks.ToDictionary(block => block.Key, block => (ulong[])block.Value.Clone());
        }

        if (_withKnownMappings.Contains(parent))
            _withKnownMappings.Add(child);
        Append(time, new Operation(OperationKind.Fork, parent, child, 1), 0);
    }

    /// <summary>Any other row, as it is.</summary>
    public void Append(ulong time, in Operation operation, ulong fill) => Append(new TraceRow(time, operation, fill));

    /// <summary>Whether a process has used or mapped memory and not ended since.</summary>
    public bool IsAlive(uint process) => _touched.ContainsKey(process) || _withKnownMappings.Contains(process);

    /// <summary>Writes what is held back. The importer's last call.</summary>
    public void Complete()
    {
        if (_hasPending)
            Write(_pending);
        _hasPending = false;
    }

    /// <summary>What the importer reads now is wrong.</summary>
    public ImportException Wrong(string? field, string problem, string remedy) =>
        new(Place.File.Name, Place.Unit.Length == 0 ? null : $"{Place.Unit} {Place.Number}", field, problem, remedy);

    private void AppendMap(ulong time, uint process, ulong page, ulong pages)
    {
        MappedPages += (long)pages;
        AppendRun(time, new Operation(OperationKind.Map, process, page, 0), pages, 0);
    }

    /// <summary>Appends a run, in several rows if it is longer than a row can say.</summary>
    private void AppendRun(ulong time, in Operation operation, ulong pages, ulong fill)
    {
        const uint rowPagesMax = uint.MaxValue;
        if (pages / rowPagesMax > (ulong)job.Limits.RowsMax)
            throw Wrong("pages", $"a run of {pages} pages", "Check the unit of addresses and sizes");
        for (ulong done = 0; done < pages; done += rowPagesMax)
            Append(new TraceRow(time, operation with { Page = operation.Page + done, Pages = (uint)Math.Min(pages - done, rowPagesMax) }, fill));
    }

    private void Append(in TraceRow row)
    {
        if (_hasPending)
        {
            if (JoinsRows && Continues(in row))
            {
                _pending = _pending with { Operation = _pending.Operation with { Pages = _pending.Operation.Pages + row.Operation.Pages } };
                return;
            }

            Write(_pending);
        }

        (_pending, _pendingPlace) = (row, Place);
        _hasPending = true;
    }

    private bool Continues(in TraceRow row)
    {
        var (before, operation) = (_pending.Operation, row.Operation);
        return operation.Kind is OperationKind.Read or OperationKind.Write or OperationKind.Observe or OperationKind.Access or OperationKind.ObservedSwapOut
            && operation.Page == before.Page + before.Pages
            && uint.MaxValue - before.Pages >= operation.Pages
            && row.TimeMicroseconds == _pending.TimeMicroseconds
            && row.Fill == _pending.Fill
            && operation with { Page = 0, Pages = 0 } == before with { Page = 0, Pages = 0 };
    }

    private void Write(in TraceRow row)
    {
        if (Rows == job.Limits.RowsMax)
            throw Wrong(null, $"the trace would have more than {job.Limits.RowsMax} rows", "Import a shorter part of the recording");
        if (sink(in row) is { } fault)
        {
            Place = _pendingPlace;
            throw Wrong(fault.Field, fault.Problem, fault.Remedy);
        }

        var operation = row.Operation;
        Rows++;
        LastTime = row.TimeMicroseconds;
        if (operation.Kind is not (OperationKind.Reclaim or OperationKind.Limit or OperationKind.Settle))
            _processes.Add(operation.Process);
        ref var total = ref _totals[(int)operation.Kind];
        total = new(total.Rows + 1, total.Pages + operation.Pages);
    }

    private void Mark(ulong[] bits, int from, int to)
    {
        for (var word = from / 64; word <= to / 64; word++)
        {
            var low = word == from / 64 ? from % 64 : 0;
            var high = word == to / 64 ? to % 64 : 63;
            var mask = (ulong.MaxValue >> (63 - (high - low))) << low;
            DistinctPages += BitOperations.PopCount(mask & ~bits[word]);
            bits[word] |= mask;
        }
    }

    private void CheckProcesses()
    {
        if (_touched.Count == job.Limits.ProcessesMax)
            throw Wrong("process", $"more than {job.Limits.ProcessesMax} processes are alive at one time", "Check which field is taken for the process");
    }

    private ImportException TooManyBlocks() => Wrong(
        "page",
        $"the pages lie in more than {job.Limits.BlocksMax} blocks of {(long)BlockPages * header.PageSize >> 20} MiB",
        "Check the unit of addresses; numbers that are no addresses, such as hashed ids, have to be numbered");
}
