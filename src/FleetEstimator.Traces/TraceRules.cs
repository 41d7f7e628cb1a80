using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>Why a row cannot follow the rows before it.</summary>
internal sealed record RowFault(string Field, string Problem, string Remedy);

/// <summary>
/// The rules of the format that concern rows, with the state they need: the time so far and what every process has mapped. The writer and the
/// reader use the same, so that whatever was written can be read.
/// </summary>
/// <remarks>
/// A process lives from its first mapping, or from the fork that made it, to its exit; then its number may be used again. A process that was
/// never seen has an empty address space: it may fork and exit, since a recorder sees processes without anonymous memory too.
/// </remarks>
internal sealed class TraceRules(int pageSize, int mappingsMax)
{
    private readonly ulong _addressSpacePages = TraceFormat.AddressSpacePages(pageSize);
    private readonly Dictionary<uint, AddressSpace> _processes = [];

    private ulong _lastTime;
    private int _mappings;
    private int _nextArea;

    // The process of the row before: rows of one process mostly come in long stretches.
    private uint _process;
    private AddressSpace? _space;

    /// <summary>Processes alive after the rows so far, in ascending order.</summary>
    public uint[] LiveProcesses => [.. _processes.Keys.Order()];

    /// <summary>Takes a row. Null when it keeps the rules; otherwise what is wrong, and the state is as it was.</summary>
    public RowFault? Take(ulong timeMicroseconds, in Operation operation)
    {
        if (timeMicroseconds < _lastTime)
            return new("time_us", $"time {timeMicroseconds} lies before the previous row's {_lastTime}", "Sort the rows by time; it never decreases");
        if (operation.Content > PageContent.Data)
            return new("content", $"{(byte)operation.Content} is not a content code", "Version 1 of the format has the codes 0 to 3");
        var fault = operation.Kind switch
        {
            (>= OperationKind.Read and <= OperationKind.PageOut) or (>= OperationKind.Lock and <= OperationKind.Pin) or OperationKind.Access
                or OperationKind.ObservedSwapOut => Use(in operation),
            // A pin holds frames, which may have been unmapped since.
            OperationKind.Unpin => RunFault(in operation),
            OperationKind.Map => Map(in operation),
            OperationKind.Unmap => Unmap(in operation),
            OperationKind.Fork => Fork(in operation),
            OperationKind.Exit => Exit(in operation),
            OperationKind.Settle => SinglePage(in operation),
            OperationKind.Reclaim or OperationKind.Limit => null,
            _ => new RowFault(
                "op",
                $"{(byte)operation.Kind} is not an operation code",
                $"Version 1 of the format has the codes {(byte)OperationKind.Map} to {(byte)OperationKind.Settle}"),
        };
        if (fault is null)
            _lastTime = timeMicroseconds;
        return fault;
    }

    private RowFault? Use(in Operation operation)
    {
        if (RunFault(in operation) is { } fault)
            return fault;
        var (page, end) = (operation.Page, operation.Page + operation.Pages);
        var space = SpaceOf(operation.Process);
        if (space?.Find(page) is { } area && end <= area.End)
            return null;
        var unmapped = space is null ? page : space.FirstUnmapped(page, end);
        return unmapped is null ? null : new(
            "page",
            $"{Describe(in operation)}, but page {unmapped} is not mapped in process {operation.Process}",
            "Write a map row for the memory before the first row that uses it");
    }

    private RowFault? Map(in Operation operation)
    {
        if (RunFault(in operation) is { } fault)
            return fault;
        var space = SpaceOf(operation.Process);
        if (space?.Intersects(operation.Page, operation.Page + operation.Pages) == true)
        {
            return new(
                "page",
                $"{Describe(in operation)}, but process {operation.Process} has mapped pages of it already",
                "Write an unmap row before the memory is mapped anew, and an exit row before a process number is used again");
        }

        if (_mappings == mappingsMax)
            return TooManyMappings();
        if (space is null)
            space = _space = _processes[_process = operation.Process] = new();
        space.Map(operation.Page, operation.Page + operation.Pages, _nextArea++);
        _mappings++;
        return null;
    }

    private RowFault? Unmap(in Operation operation)
    {
        if (RunFault(in operation) is { } fault)
            return fault;
        var end = operation.Page + operation.Pages;
        if (SpaceOf(operation.Process) is not { } space || !space.Intersects(operation.Page, end))
        {
            return new(
                "page",
                $"{Describe(in operation)}, none of which process {operation.Process} has mapped",
                "Leave the row out, or write the map row it undoes");
        }

        var before = space.Areas.Count;
        space.Unmap(operation.Page, end);
        _mappings += space.Areas.Count - before;
        return null;
    }

    private RowFault? Fork(in Operation operation)
    {
        if (SinglePage(in operation) is { } fault)
            return fault;
        if (operation.Page > uint.MaxValue)
            return new("page", $"the number of the forked process, {operation.Page}, is larger than {uint.MaxValue}", "Process numbers have 32 bits");
        var child = (uint)operation.Page;
        if (child == operation.Process || _processes.ContainsKey(child))
        {
            return new(
                "page",
                $"process {operation.Process} forks process {child}, which is alive",
                "Give the new process a number of its own, or write the exit row of the old one first");
        }

        var copy = new AddressSpace();
        if (SpaceOf(operation.Process) is { } space)
        {
            if (space.Areas.Count > mappingsMax - _mappings)
                return TooManyMappings();
            foreach (var area in space.Areas)
                copy.Map(area.Start, area.End, area.Id);
        }

        _processes.Add(child, copy);
        _mappings += copy.Areas.Count;
        return null;
    }

    private RowFault? Exit(in Operation operation)
    {
        if (SinglePage(in operation) is { } fault)
            return fault;
        if (_processes.Remove(operation.Process, out var space))
            _mappings -= space.Areas.Count;
        _space = null;
        return null;
    }

    private RowFault? RunFault(in Operation operation)
    {
        if (operation.Pages == 0)
            return new("pages", $"{TraceFormat.NameOf(operation.Kind)} of 0 pages", "A run has at least one page; leave the row out");
        if (operation.Page < _addressSpacePages && operation.Pages <= _addressSpacePages - operation.Page)
            return null;
        return new(
            "page",
            $"{Describe(in operation)}, beyond the {_addressSpacePages} pages of {pageSize} bytes that 64-bit addresses reach",
            "Write page numbers (address / page size), not addresses");
    }

    private static RowFault? SinglePage(in Operation operation) => operation.Pages == 1 ? null : new(
        "pages", $"{TraceFormat.NameOf(operation.Kind)} with {operation.Pages} pages", "For this operation the column is 1");

    private RowFault TooManyMappings() => new(
        "op",
        $"more than {mappingsMax} mappings are alive at one time",
        "Raise the limit of mappings if the recording is right; otherwise merge neighbouring mappings, and write exit rows");

    private AddressSpace? SpaceOf(uint process)
    {
        if (_space is not null && process == _process)
            return _space;
        _space = _processes.GetValueOrDefault(process);
        _process = process;
        return _space;
    }

    private static string Describe(in Operation operation) =>
        $"{TraceFormat.NameOf(operation.Kind)} of pages {operation.Page} to {operation.Page + (operation.Pages - 1)}";
}
