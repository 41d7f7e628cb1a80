using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Tables of accesses or of any operations, whose columns the user maps to those of a trace. What the table can say is up to its columns: with the
/// content of pages it is content-known, otherwise access-only, unless the user says less.
/// </summary>
internal abstract class TableImporter : Importer
{
    private const string Field = "--column";

    private static readonly string[] Fields = ["time", "op", "process", "page", "address", "pages", "bytes", "content", "fill", "compressed_bytes"];

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.ContentKnown, Capability.MappingOnly, Capability.AccessOnly];

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("column", "FIELD=COLUMN[:UNIT]", $"The column that is the field. Fields: {string.Join(", ", Fields)}; time has a unit: ns, us, ms or s. Columns named like a trace's are taken without.") { IsList = true },
        new("op", "OP", "The operation of every row, if no column says: access, read, write, observe, …"),
        new("op-name", "TEXT=OP", "What the table calls an operation, such as R=read.") { IsList = true },
        new("capability", "NAME", "What the table can say: content-known (default with a content column), mapping-only or access-only (default without)."),
        .. Further,
    ];

    /// <summary>Options of the kind of table.</summary>
    protected virtual IReadOnlyList<ImportOption> Further => [];

    /// <summary>Opens the table.</summary>
    protected abstract ImportTable Open(ImportJob job);

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        using var table = Open(job);
        var columns = new ColumnMap(job, table);
        table.Select(columns.Used);
        var names = OperationNames(job);
        var constant = job.Options.Text("op") is { } op ? Operation(names, op) ?? throw ImportOptions.Wrong("op", $"\"{op}\" is no operation", Operations) : (OperationKind?)null;
        if (constant is null && columns.Op < 0)
            throw ImportOptions.Wrong("op", "no column says what a row does", $"Give --column op=COLUMN, or --op access for every row (the columns are {string.Join(", ", table.Columns.Take(20))})");
        var exported = columns.AreATraces && !Options.Any(option => job.Options.Has(option.Name)) ? table.ExportedHeader : null;
        var trace = exported is null ? job.BeginTrace(CapabilityOf(job, columns), "exact") : job.BeginTrace(exported);
        var rows = new Rows(job, table, columns, trace, names, constant) { AreATraces = exported is not null };
        while (table.Next())
        {
            trace.Place = (job.File, table.RowUnit, table.RowNumber);
            rows.Take();
        }

        rows.Finish();
    }

    private static string Operations => $"Give one of {string.Join(", ", Enum.GetValues<OperationKind>().Select(TraceFormat.NameOf))}";

    private static OperationKind? Operation(Dictionary<string, OperationKind> names, string text) => names.TryGetValue(text, out var kind) ? kind : null;

    /// <summary>What rows may call operations: the format's names and codes, and what the user says.</summary>
    private static Dictionary<string, OperationKind> OperationNames(ImportJob job)
    {
        var names = new Dictionary<string, OperationKind>(StringComparer.Ordinal);
        foreach (var kind in Enum.GetValues<OperationKind>())
        {
            names[TraceFormat.NameOf(kind)] = kind;
            names[((byte)kind).ToString()] = kind;
        }

        foreach (var text in job.Options.List("op-name"))
        {
            var equals = text.LastIndexOf('=');
            names[text[..Math.Max(0, equals)]] = equals > 0 && Operation(names, text[(equals + 1)..]) is { } kind
                ? kind
                : throw ImportOptions.Wrong("op-name", $"\"{text}\" is not TEXT=OP with a known operation", Operations);
        }

        return names;
    }

    private static Capability CapabilityOf(ImportJob job, ColumnMap columns)
    {
        if (job.Options.Text("capability") is not { } name)
            return columns.Content >= 0 ? Capability.ContentKnown : Capability.AccessOnly;
        var capability = Traces.Capabilities.Find(name);
        if (capability is null or Capability.CounterOnly)
            throw ImportOptions.Wrong("capability", $"\"{name}\" is none of a table", "Give content-known, mapping-only or access-only");
        return capability == Capability.ContentKnown && columns.Content < 0
            ? throw ImportOptions.Wrong("capability", "no column says what pages contain", "Give --column content=COLUMN, or another capability")
            : capability.Value;
    }

    /// <summary>Which column is which field; −1 = none.</summary>
    private sealed class ColumnMap
    {
        private readonly int[] _columns = Enumerable.Repeat(-1, Fields.Length).ToArray();

        public ColumnMap(ImportJob job, ImportTable table)
        {
            foreach (var text in job.Options.List("column"))
                Set(table, text);
            // A column that is only named like a field gives way to one that the user maps to the same.
            var (isPageMapped, areLengthsMapped) = (Page >= 0 || Address >= 0, Pages >= 0 || Bytes >= 0);
            for (var field = 0; field < Fields.Length; field++)
            {
                var isMapped = _columns[field] >= 0 || (Fields[field] is "page" or "address" && isPageMapped) || (Fields[field] is "pages" or "bytes" && areLengthsMapped);
                if (!isMapped)
                    _columns[field] = IndexOf(table, Fields[field] == "time" ? "time_us" : Fields[field]);
            }

            if (Time < 0)
                throw ImportOptions.Wrong("column", "no column is the time", $"Give --column time=COLUMN:UNIT (the columns are {string.Join(", ", table.Columns.Take(20))})");
            if ((Page < 0) == (Address < 0))
                throw ImportOptions.Wrong("column", Page < 0 ? "no column says which page" : "both page and address are given", "Give --column page=COLUMN (page numbers) or --column address=COLUMN (bytes)");
            if (Pages >= 0 && Bytes >= 0)
                throw ImportOptions.Wrong("column", "both pages and bytes are given", "Give one of them");
        }

        public ulong TimeUnit { get; private set; } = 1000;

        public int Time => _columns[0];

        public int Op => _columns[1];

        public int Process => _columns[2];

        public int Page => _columns[3];

        public int Address => _columns[4];

        public int Pages => _columns[5];

        public int Bytes => _columns[6];

        public int Content => _columns[7];

        public int Fill => _columns[8];

        public int CompressedBytes => _columns[9];

        /// <summary>Whether every column of a trace is there under its own name.</summary>
        public bool AreATraces => Address < 0 && Bytes < 0 && Used.Count == Fields.Length - 2;

        public IReadOnlyList<int> Used => [.. _columns.Where(column => column >= 0).Distinct()];

        private static int IndexOf(ImportTable table, string name)
        {
            for (var index = 0; index < table.Columns.Count; index++)
            {
                if (table.Columns[index] == name)
                    return index;
            }

            return -1;
        }

        private void Set(ImportTable table, string text)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var field = Array.IndexOf(Fields, text[..Math.Max(0, equals)]);
            if (field < 0)
                throw ImportOptions.Wrong("column", $"\"{text}\" is not FIELD=COLUMN with one of the fields {string.Join(", ", Fields)}", $"Write it like {Field} page=COLUMN");
            var name = text[(equals + 1)..];
            if (field == 0)
            {
                var colon = name.LastIndexOf(':');
                TimeUnit = name[(colon + 1)..] switch
                {
                    "ns" => 1,
                    "us" => 1_000,
                    "ms" => 1_000_000,
                    "s" => 1_000_000_000,
                    _ => throw ImportOptions.Wrong("column", $"\"{text}\" does not say the unit of time", "Add :ns, :us, :ms or :s"),
                };
                name = name[..colon];
            }

            _columns[field] = IndexOf(table, name) is >= 0 and var index
                ? index
                : throw ImportOptions.Wrong("column", $"there is no column \"{name}\"", $"The columns are {string.Join(", ", table.Columns.Take(20))}{(table.Columns.Count > 20 ? ", …" : "")}");
        }
    }

    /// <summary>Turns rows of the table into rows of the trace.</summary>
    private sealed class Rows(ImportJob job, ImportTable table, ColumnMap columns, ImportedTrace trace, Dictionary<string, OperationKind> names, OperationKind? constant)
    {
        private readonly Dictionary<string, uint> _processes = new(StringComparer.Ordinal);
        private readonly HashSet<uint> _withMaps = [];
        private readonly ulong _pageBytes = (ulong)trace.Header.PageSize;
        private ulong? _origin;
        private bool _mapsItself;
        private bool _hasNumberedProcesses;

        /// <summary>Whether they are those of a trace that was exported, to be taken as they are.</summary>
        public bool AreATraces { get; init; }

        public void Take()
        {
            if (AreATraces)
            {
                TakeAsItIs();
                return;
            }

            var nanoseconds = table.Nanoseconds(columns.Time, columns.TimeUnit) ?? throw NotA(columns.Time, "time", "a time");
            _origin ??= nanoseconds;
            if (nanoseconds < _origin)
                throw trace.Wrong("time", "it lies before that of the first row", "Sort the table by time");
            var kind = constant ?? Operation(names, table.Text(columns.Op)) ?? throw trace.Wrong("op", $"\"{table.Text(columns.Op)}\" is no operation", "Say what it is with --op-name TEXT=OP");
            var (page, pages) = Run(kind);
            var content = columns.Content < 0 ? PageContent.Unknown : Content();
            if (trace.Header.Capability == Capability.ContentKnown && content == PageContent.Unknown && kind is OperationKind.Write or OperationKind.Observe)
                throw trace.Wrong("content", $"what the pages contain after {TraceFormat.NameOf(kind)} is not known", "Say so with --capability mapping-only or access-only");
            var fill = columns.Fill < 0 ? 0 : Number(columns.Fill, "fill", ulong.MaxValue);
            var compressed = columns.CompressedBytes < 0 ? (ushort)0 : (ushort)Number(columns.CompressedBytes, "compressed_bytes", ushort.MaxValue);
            Write((nanoseconds - _origin.Value) / 1000, new Operation(kind, Process(), page, 0, content, compressed), pages, fill);
        }

        public void Finish()
        {
            if (_origin is null && !AreATraces)
                throw job.Wrong("there is no row in it", "Give a table with at least one row");
            if (_mapsItself)
                job.Note("processes without map rows: each block of 512 pages is mapped when it is first used");
            if (_processes.Count > 0)
                job.Note($"processes are numbered in the order in which they appear: {string.Join(", ", _processes.Take(8).Select(process => $"{process.Value} is {process.Key}"))}{(_processes.Count > 8 ? ", …" : "")}");
        }

        private void TakeAsItIs()
        {
            var kind = Operation(names, table.Text(columns.Op)) ?? throw trace.Wrong("op", $"\"{table.Text(columns.Op)}\" is no operation", "Export the trace again");
            if (kind == OperationKind.Fork && table.Number(columns.Page) > uint.MaxValue)
                throw trace.Wrong("page", $"the forked process {table.Number(columns.Page)} is larger than {uint.MaxValue}", "Export the trace again");
            trace.AddAsItIs(
                Number(columns.Time, "time_us", ulong.MaxValue),
                new Operation(
                    kind,
                    (uint)Number(columns.Process, "process", uint.MaxValue),
                    Number(columns.Page, "page", ulong.MaxValue),
                    (uint)Number(columns.Pages, "pages", uint.MaxValue),
                    Content(),
                    (ushort)Number(columns.CompressedBytes, "compressed_bytes", ushort.MaxValue)),
                Number(columns.Fill, "fill", ulong.MaxValue));
        }

        private void Write(ulong time, in Operation operation, ulong pages, ulong fill)
        {
            switch (operation.Kind)
            {
                case OperationKind.Map:
                    _withMaps.Add(operation.Process);
                    trace.Map(time, operation.Process, operation.Page, pages);
                    break;
                case OperationKind.Exit:
                    _withMaps.Remove(operation.Process);
                    trace.Exit(time, operation.Process);
                    break;
                case OperationKind.Fork:
                    if (operation.Page > uint.MaxValue)
                        throw trace.Wrong("page", $"the forked process {operation.Page} is larger than {uint.MaxValue}", "Give the number of the forked process");
                    trace.Fork(time, operation.Process, (uint)operation.Page);
                    break;
                case OperationKind.Unmap when !_withMaps.Contains(operation.Process):
                    throw trace.Wrong("op", $"process {operation.Process} unmaps memory, but no row says that it mapped any", "Give map rows too, or leave unmap rows out");
                case OperationKind.Unmap or OperationKind.Reclaim or OperationKind.Limit or OperationKind.Settle or OperationKind.Unpin:
                    if (pages > uint.MaxValue)
                        throw trace.Wrong("pages", $"{pages} is more than {uint.MaxValue}", "Check its unit");
                    trace.Append(time, operation with { Pages = (uint)pages }, fill);
                    break;
                default:
                    _mapsItself |= !_withMaps.Contains(operation.Process);
                    trace.Use(time, operation, pages, fill);
                    break;
            }
        }

        private (ulong Page, ulong Pages) Run(OperationKind kind)
        {
            var bytes = columns.Bytes < 0 ? (ulong?)null : Number(columns.Bytes, "bytes", ulong.MaxValue);
            if (columns.Address >= 0)
            {
                if (kind == OperationKind.Fork)
                    throw trace.Wrong("op", "the table has addresses, and a fork needs the number of the forked process", "Give a table with the column page, which holds it");
                var address = Number(columns.Address, "address", ulong.MaxValue);
                if (bytes is { } length)
                {
                    if (length == 0 || address > ulong.MaxValue - (length - 1))
                        throw trace.Wrong("bytes", $"{length} bytes from {address} on are none, or reach beyond the address space", "Check the columns");
                    return (address / _pageBytes, ((address + length - 1) / _pageBytes) - (address / _pageBytes) + 1);
                }

                return (address / _pageBytes, Pages(kind));
            }

            return (Number(columns.Page, "page", ulong.MaxValue), bytes is { } size ? (size / _pageBytes) + (size % _pageBytes == 0 ? 0UL : 1) : Pages(kind));
        }

        private ulong Pages(OperationKind kind)
        {
            var pages = columns.Pages < 0 ? 1 : Number(columns.Pages, "pages", ulong.MaxValue);
            return pages > 0 || kind is OperationKind.Limit or OperationKind.Reclaim ? pages : throw trace.Wrong("pages", "a run of 0 pages", "Leave the row out");
        }

        private uint Process()
        {
            if (columns.Process < 0)
                return 0;
            if (_processes.Count == 0 && table.Number(columns.Process) is <= uint.MaxValue and var number)
            {
                _hasNumberedProcesses = true;
                return (uint)number;
            }

            var text = table.Text(columns.Process);
            if (_processes.TryGetValue(text, out var known))
                return known;
            if (_hasNumberedProcesses)
                throw trace.Wrong("process", $"\"{text}\" is no number, as those before are", "Give a column of numbers, or one of names");
            if (_processes.Count == job.Limits.ProcessesMax)
                throw trace.Wrong("process", $"there are more than {job.Limits.ProcessesMax} processes", "Check which column is the process");
            _processes.Add(text, (uint)_processes.Count);
            return (uint)_processes.Count - 1;
        }

        private PageContent Content() => table.Text(columns.Content) switch
        {
            "0" or "unknown" or "" => PageContent.Unknown,
            "1" or "zero" => PageContent.Zero,
            "2" or "repeated" => PageContent.Repeated,
            "3" or "data" => PageContent.Data,
            var text => throw trace.Wrong("content", $"\"{text}\" is no content", "Use 0 or unknown, 1 or zero, 2 or repeated, 3 or data"),
        };

        private ulong Number(int column, string field, ulong most) =>
            table.Number(column) is { } number && number <= most ? number : throw NotA(column, field, $"a whole number from 0 to {most}");

        private ImportException NotA(int column, string field, string what)
        {
            var text = table.Text(column);
            return trace.Wrong(field, $"\"{(text.Length > 40 ? text[..40] + "…" : text)}\" is not {what}", $"Check which column is the {field}");
        }
    }
}
