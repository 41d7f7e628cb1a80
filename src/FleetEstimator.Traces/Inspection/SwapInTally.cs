using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>Counts how pages that come back from swap are accessed first, and whether zero-filled ones are stored to later.</summary>
internal sealed class SwapInTally(PageLedger ledger)
{
    private FirstAccesses _zeroFilled;
    private FirstAccesses _other;
    private long _storedLater;

    public SwapInMix Result => new() { ZeroFilled = _zeroFilled, Other = _other, ZeroFilledStoredLater = _storedLater };

    /// <summary>A page is accessed that was in swap with this content.</summary>
    public void ComesBack(OperationKind kind, uint process, ulong page, PageContent content)
    {
        ref var tally = ref content == PageContent.Zero ? ref _zeroFilled : ref _other;
        tally = kind switch
        {
            OperationKind.Read => tally with { Loads = tally.Loads + 1 },
            OperationKind.Write => tally with { Stores = tally.Stores + 1 },
            _ => tally with { NotKnown = tally.NotKnown + 1 },
        };
        ledger.Unmark(process, page, 1);
        if (content == PageContent.Zero && kind != OperationKind.Write)
            ledger.Mark(process, page);
    }

    /// <summary>Pages are stored to; those that came back just now have been counted before.</summary>
    public void Stored(uint process, ulong page, uint pages) => _storedLater += ledger.Unmark(process, page, pages);

    /// <summary>What was there is gone.</summary>
    public void Gone(uint process, ulong page, uint pages) => ledger.Unmark(process, page, pages);
}
