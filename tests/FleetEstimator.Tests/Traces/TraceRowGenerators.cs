using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Traces;

/// <summary>Rows for properties: few processes and pages, so that runs meet; now and then what no trace may hold.</summary>
internal static class TraceRowGenerators
{
    private static readonly Gen<OperationKind> Kind = Gen.Frequency(
        (6, Gen.Const(OperationKind.Map)),
        (3, Gen.OneOf(OperationKind.Unmap, OperationKind.Fork, OperationKind.Exit)),
        (12, Gen.Byte[0, 23].Select(code => (OperationKind)code)));

    private static readonly Gen<ulong> Page = Gen.Frequency(
        (20, Gen.ULong[0, 12]),
        (2, Gen.ULong[NaiveTraceRules.AddressSpacePages - 4, NaiveTraceRules.AddressSpacePages + 1]),
        (1, Gen.OneOf(1ul << 32, ulong.MaxValue)));

    private static readonly Gen<PageContent> Content = Gen.Frequency(
        (20, Gen.Byte[0, 3].Select(code => (PageContent)code)),
        (1, Gen.Byte[4, 255].Select(code => (PageContent)code)));

    private static readonly Gen<Operation> Operation =
        from kind in Kind
        from process in Gen.UInt[0, 3]
        from page in Page
        from pages in Gen.Frequency((6, Gen.UInt[0, 6]), (4, Gen.Const(1u)))
        from content in Content
        from compressed in Gen.UShort
        select new Operation(kind, process, page, pages, content, compressed);

    /// <summary>Sequences of rows of which some break a rule.</summary>
    public static Gen<TraceRow[]> Rows { get; } =
        Gen.Select(Gen.Frequency((20, Gen.Long[0, 3]), (1, Gen.Const(-1L))), Operation, Gen.ULong)
            .Array[0, 60]
            .Select(steps =>
            {
                var rows = new TraceRow[steps.Length];
                var time = 0L;
                for (var row = 0; row < rows.Length; row++)
                {
                    var (elapsed, operation, fill) = steps[row];
                    time = Math.Max(0, time + elapsed);
                    rows[row] = new((ulong)time, operation, fill);
                }

                return rows;
            });

    /// <summary>Sequences of rows that a trace can hold.</summary>
    public static Gen<TraceRow[]> ValidRows { get; } = Rows.Select(rows =>
    {
        var rules = new NaiveTraceRules();
        return rows.Where(row => rules.Take(row.TimeMicroseconds, row.Operation)).ToArray();
    });
}
