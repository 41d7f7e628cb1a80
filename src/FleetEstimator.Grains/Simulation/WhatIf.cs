using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Simulation;

/// <summary>What a class takes to be different from its recordings.</summary>
/// <param name="ZeroPages"><see cref="NodeClass.ZeroPages"/>.</param>
/// <param name="Loads"><see cref="NodeClass.Loads"/>.</param>
public readonly record struct WhatIf(double? ZeroPages, double? Loads)
{
    /// <summary>That of a class.</summary>
    public static WhatIf Of(NodeClass @class) => new(@class.ZeroPages, @class.Loads);

    /// <summary>Whether nothing is.</summary>
    public bool IsNone => this == default;
}

/// <summary>
/// Makes the rows of a recording those of a what-if, each row for itself. Decisions are made for aligned blocks of 64 KiB by hash, so that they do not depend on each other
/// and a larger share only adds to what a smaller one does; rows are split where blocks differ.
/// </summary>
/// <param name="whatIf">The what-if.</param>
/// <param name="contents">What it makes of contents; null: what was recorded.</param>
/// <param name="pageBytes">Bytes in a page.</param>
internal sealed class WhatIfRows(WhatIf whatIf, ZeroBlocks? contents, int pageBytes)
{
    // Any constant will do, as long as blocks are not sampled or filled with zeros by the same hash.
    private const ulong LoadKey = 0x3c6ef372fe94f82b;

    /// <summary>
    /// What becomes of a row, in ascending order of pages. Loads are <see cref="OperationKind.Read"/>, stores that leave the content as it is
    /// <see cref="OperationKind.Access"/> (see <see cref="Workload.AccessesAreStores"/>); a load that found a content is also an observation of it.
    /// </summary>
    /// <param name="row">Number of the row in the recording.</param>
    /// <param name="operation">The row.</param>
    /// <param name="family">Its process's family.</param>
    public IEnumerable<Operation> Of(int row, Operation operation, uint family)
    {
        var (saysContent, isDecided) = (contents is not null && ZeroBlocks.SaysContent(operation), IsDecided(operation.Kind));
        foreach (var part in saysContent || isDecided ? PageBlocks.Parts(operation, pageBytes, Changed) : [operation])
        {
            if (part is { Kind: OperationKind.Read, Content: not PageContent.Unknown })
            {
                yield return part with { Content = PageContent.Unknown, CompressedBytes = 0 };
                yield return part with { Kind = OperationKind.Observe };
            }
            else
            {
                yield return part;
            }
        }

        Operation Changed(Operation part, ulong block)
        {
            if (saysContent)
                part = contents!.Changed(part, family, block);
            return !isDecided ? part : part with { Kind = IsLoad(row, family, block) ? OperationKind.Read : OperationKind.Access };
        }
    }

    // With loads only, rows are right as they are: an access replayed as a load.
    private bool IsDecided(OperationKind kind) => whatIf.Loads < 1 && kind is OperationKind.Read or OperationKind.Access;

    private bool IsLoad(int row, uint family, ulong block) => PageBlocks.Draw(LoadKey + SeededRandom.Mix((ulong)row), family, block) < whatIf.Loads;
}

/// <summary>
/// Which blocks of 64 KiB a what-if fills with zeros, or with data, for the share of recorded page contents that are zeros to be another: in order of their hashes, until
/// it is met. A block stays what it is made over the whole recording.
/// </summary>
internal sealed class ZeroBlocks
{
    private const ulong ZeroKey = 0xa54ff53a5f1d36f1;

    private readonly double? _zerosUpTo;
    private readonly double? _dataFrom;

    /// <summary>Chooses the blocks.</summary>
    /// <param name="share">The share of recorded contents, weighted by pages, that shall be zeros, in [0, 1]. Met to a block.</param>
    /// <param name="rows">The recording's rows, each with its process's family.</param>
    /// <param name="pageBytes">Bytes in a page.</param>
    public ZeroBlocks(double share, IEnumerable<(Operation Operation, uint Family)> rows, int pageBytes)
    {
        var blocks = new Dictionary<double, (long Zeros, long Others)>();
        foreach (var (operation, family) in rows)
        {
            if (!SaysContent(operation))
                continue;
            foreach (var (block, pages) in PageBlocks.Of64KiB(operation, pageBytes))
            {
                var draw = PageBlocks.Draw(ZeroKey, family, block);
                var (zeros, others) = blocks.GetValueOrDefault(draw);
                blocks[draw] = operation.Content == PageContent.Zero ? (zeros + pages, others) : (zeros, others + pages);
            }
        }

        var recorded = blocks.Values.Sum(block => block.Zeros);
        var missing = (long)Math.Round(share * (recorded + blocks.Values.Sum(block => block.Others))) - recorded;
        foreach (var (draw, block) in blocks.OrderBy(block => block.Key).TakeWhile(_ => missing > 0))
        {
            _zerosUpTo = draw;
            missing -= block.Others;
        }

        foreach (var (draw, block) in blocks.OrderByDescending(block => block.Key).TakeWhile(_ => missing < 0 && _zerosUpTo is null))
        {
            _dataFrom = draw;
            missing += block.Zeros;
        }
    }

    /// <summary>Whether a row says what its pages contain.</summary>
    public static bool SaysContent(in Operation operation) =>
        operation.Content != PageContent.Unknown && operation.Kind is OperationKind.Write or OperationKind.Observe or OperationKind.Access;

    /// <summary>A row that says what pages of a block contain, with what they are made to contain. Data in place of zeros has no compressed size of its own: it is taken to be the mean.</summary>
    public Operation Changed(Operation operation, uint family, ulong block)
    {
        var draw = PageBlocks.Draw(ZeroKey, family, block);
        return draw <= _zerosUpTo ? operation with { Content = PageContent.Zero, CompressedBytes = 0 }
            : draw >= _dataFrom && operation.Content == PageContent.Zero ? operation with { Content = PageContent.Data, CompressedBytes = 0 }
            : operation;
    }
}
