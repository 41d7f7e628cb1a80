using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Every load and store of a program under Valgrind: <c>valgrind --tool=lackey --trace-mem=yes</c>. There is no clock but the instructions; loads and
/// stores of a page within one interval are written once each, at the first.
/// </summary>
internal sealed class LackeyImporter : Importer
{
    /// <inheritdoc/>
    public override string Format => "lackey";

    /// <inheritdoc/>
    public override string Description => "Loads and stores of a program under valgrind --tool=lackey --trace-mem=yes.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.AccessOnly];

    /// <inheritdoc/>
    public override string FilesDescription => "Valgrind's output (--log-file), or a pipe of it.";

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("instructions-per-us", "N", "Instructions that take a microsecond: the only clock there is; default 1000."),
        new("interval-us", "N", "Write each page at most once as read and once as written in so many microseconds; default 1000."),
    ];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var rate = (ulong)job.Options.Whole("instructions-per-us", 1000, 1, 1_000_000);
        var interval = (ulong)job.Options.Whole("interval-us", 1000, 1, 1_000_000_000);
        var trace = job.BeginTrace(Capability.AccessOnly, "exact", new NodeFacts { IntervalMicroseconds = interval == 1 ? 0 : (long)interval });
        var lines = new TextLines(job.File.Stream, job.File.Name, job.Limits);
        var pages = new Accesses(job, trace, interval);
        var instructions = 0UL;
        long accesses = 0;
        while (lines.Next(out var line))
        {
            trace.Place = (job.File, "line", lines.Number);
            if (line.StartsWith("=="u8) || line.StartsWith("--"u8) || line.StartsWith("**"u8) || line.IsEmpty)
                continue;
            // "I  0401ab70,3", " S 1fff000638,8": one letter in the first or second column.
            if (line.Length < 4 || line[2] != ' ' || (line[0] == ' ') == (line[1] == ' '))
            {
                if (accesses > 0 || instructions > 0 || line.Length > 2)
                    job.LeaveOut("lines of the program's own output");
                continue;
            }

            var kind = line[0] == ' ' ? line[1] : line[0];
            var fields = new TextFields(line[3..]);
            if (kind is not ((byte)'I' or (byte)'L' or (byte)'S' or (byte)'M') || !fields.Hexadecimal(out var address) || !fields.Take(',') || !fields.Number(out var size) || !fields.Rest.IsEmpty)
            {
                job.LeaveOut("lines of the program's own output");
                continue;
            }

            if (kind == 'I')
            {
                instructions++;
                continue;
            }

            if (size == 0 || size > 1 << 20)
                throw trace.Wrong("size", $"an access of {size} bytes", "Give lackey's output as it is");
            accesses++;
            pages.Use(instructions / rate, kind == 'L' ? OperationKind.Read : OperationKind.Write, address, size);
        }

        if (accesses == 0)
            throw job.Wrong("there is no load or store in it", "Record with valgrind --tool=lackey --trace-mem=yes --log-file=FILE PROGRAM");
        job.LeaveOut("instruction fetches (code comes from files)", (long)Math.Min(instructions, long.MaxValue));
        job.Note($"time is counted in instructions, {rate} a microsecond; {accesses:N0} loads and stores, within {interval} µs each page once a kind (a modify, M, is a store)");
        job.Note("memory of mapped files cannot be told from private anonymous memory; each 2 MiB block is mapped when it is first used");
    }

    /// <summary>Leaves out what an interval has seen already.</summary>
    private sealed class Accesses(ImportJob job, ImportedTrace trace, ulong interval)
    {
        private readonly Dictionary<(ulong Page, OperationKind Kind), ulong> _lastInterval = [];
        private (ulong Page, OperationKind Kind, ulong Interval) _last;

        public void Use(ulong time, OperationKind kind, ulong address, ulong size)
        {
            var pageBytes = (ulong)trace.Header.PageSize;
            var last = address > ulong.MaxValue - (size - 1) ? throw trace.Wrong("address", "the access reaches beyond the address space", "Give lackey's output as it is") : (address + size - 1) / pageBytes;
            for (var page = address / pageBytes; page <= last; page++)
            {
                var number = (time / interval) + 1;
                if (_last == (page, kind, number))
                    continue;
                _last = (page, kind, number);
                if (_lastInterval.TryGetValue((page, kind), out var seen) && seen == number)
                    continue;
                if (_lastInterval.Count == job.Limits.ItemsMax)
                    _lastInterval.Clear();
                _lastInterval[(page, kind)] = number;
                trace.Use(time, new Operation(kind, 0, page, 0), 1);
            }
        }
    }
}
