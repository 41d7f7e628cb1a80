using FleetEstimator.Paging;

namespace FleetEstimator.Recorder;

/// <summary>Where a scan found a page.</summary>
internal enum Presence : byte
{
    /// <summary>Neither mapped nor in swap.</summary>
    Nowhere,

    /// <summary>The kernel's shared zero page is mapped.</summary>
    ZeroPage,

    /// <summary>A page of its own is mapped.</summary>
    Mapped,

    /// <summary>In swap.</summary>
    SwappedOut,
}

/// <summary>What a scan saw of one page.</summary>
/// <param name="Presence">Where it was.</param>
/// <param name="Content">Mapped: what it held, unknown if it could not be read. Else unknown.</param>
/// <param name="Value">The repeated word, or the keyed hash of data; else 0.</param>
/// <param name="IsHuge">Whether it was part of a huge page.</param>
/// <param name="Use">What an access source tells of it since the scan before.</param>
/// <param name="IsWatched">Whether an access source watches it from here on.</param>
internal readonly record struct PageSighting(
    Presence Presence, PageContent Content = PageContent.Unknown, ulong Value = 0, bool IsHuge = false, PageUse Use = PageUse.NotKnown, bool IsWatched = false);

/// <summary>The operations that lead from one state of a page to what the next scan saw, in the order discard, change, swap-out.</summary>
/// <param name="IsDiscarded">The page was given back first.</param>
/// <param name="Change">Read, write, observe or access; null if none.</param>
/// <param name="Content">Content after the change.</param>
/// <param name="IsSwappedOut">The page was last seen in memory and now is in swap.</param>
/// <param name="After">The state from here on.</param>
internal readonly record struct PageTransition(bool IsDiscarded, OperationKind? Change, PageContent Content, bool IsSwappedOut, PageState After)
{
    /// <summary>Decides what happened to a page between two scans.</summary>
    /// <param name="before">The state the trace has it in.</param>
    /// <param name="seen">What the scan saw.</param>
    /// <param name="first">How a page that is new comes in: <see cref="OperationKind.Write"/>, or <see cref="OperationKind.Observe"/> in a first snapshot.</param>
    /// <remarks>
    /// <code>
    /// before \ seen    nowhere   zero page        mapped, same   mapped, other   not readable      in swap
    /// nothing          –         read             –              first           first, unknown    first, unknown; out
    /// zero page        discard   –                –              write           write, unknown    write, unknown; out
    /// held, in         discard   discard, read¹   use³           write           use³, unknown     out⁴
    /// held, out        discard   discard, read²   use³: access   write           use³: access      – ⁴
    /// unknown, in      discard   discard, read    –              observe⁵        use³, unknown     out⁴
    /// unknown, out     discard   discard, read    –              access⁵         use³: access      – ⁴
    /// ¹ Zeros of a huge page, or of one whose mapping was split: nothing. Splitting the page itself maps what is zero-filled in it to the zero page
    ///   (mm/huge_memory.c): the kernel's doing, not the program's.
    /// ² Zeros: read alone. A kernel that maps the zero page at swap-in does so for a read.
    /// ³ What the access source tells: write (of the same content), read or access; without it nothing, or what follows the colon.
    /// ⁴ Written first, as the access source tells: write, unknown; out.
    /// ⁵ The access source tells a write: write. An access: access, with the content.
    /// </code>
    /// A page table entry that was in swap and is mapped again was accessed: read-ahead fills the swap cache, not the page table.
    /// </remarks>
    internal static PageTransition Between(in PageState before, in PageSighting seen, OperationKind first) => seen.Presence switch
    {
        Presence.Nowhere => new(before.Holding != Holding.Nothing, null, PageContent.Unknown, false, default),
        Presence.ZeroPage => ToZeroPage(in before),
        Presence.SwappedOut => ToSwap(in before, seen.Use, first),
        _ => ToMapped(in before, in seen, first),
    };

    private static PageTransition ToZeroPage(in PageState before)
    {
        var zeroPage = new PageState(Holding.ZeroPage, 0, false, false);
        return before switch
        {
            { Holding: Holding.Nothing } => new(false, OperationKind.Read, PageContent.Unknown, false, zeroPage),
            { Holding: Holding.ZeroPage } => new(false, null, PageContent.Unknown, false, before),
            { Holding: Holding.Zeros, IsHuge: true, IsOut: false } => new(false, null, PageContent.Unknown, false, before),
            { Holding: Holding.Zeros, IsOut: true } => new(false, OperationKind.Read, PageContent.Unknown, false, zeroPage),
            _ => new(true, OperationKind.Read, PageContent.Unknown, false, zeroPage),
        };
    }

    private static PageTransition ToSwap(in PageState before, PageUse use, OperationKind first)
    {
        if (before.IsPrivatePage && use != PageUse.Written)
            return new(false, null, PageContent.Unknown, !before.IsOut, before with { IsOut = true, IsHuge = false, IsWatched = false });
        var change = before.Holding == Holding.Nothing ? first : OperationKind.Write;
        return new(false, change, PageContent.Unknown, true, new PageState(Holding.NotKnown, 0, IsOut: true, IsHuge: false));
    }

    private static PageTransition ToMapped(in PageState before, in PageSighting seen, OperationKind first)
    {
        var isHuge = seen.IsHuge || (before.IsHuge && before.IsPrivatePage && !before.IsOut);
        var told = Told(seen.Use) ?? (before.IsOut ? OperationKind.Access : null);
        if (seen.Content == PageContent.Unknown && before.IsPrivatePage && told != OperationKind.Write)
            return new(false, told, PageContent.Unknown, false, before with { IsOut = false, IsHuge = isHuge, IsWatched = seen.IsWatched });
        var after = new PageState(HoldingOf(seen.Content), seen.Value, false, isHuge, seen.IsWatched);
        OperationKind? change = before.Holding switch
        {
            Holding.Nothing => first,
            Holding.ZeroPage => OperationKind.Write,
            // A read says nothing of what is there; an access does.
            Holding.NotKnown => told is null ? OperationKind.Observe : told == OperationKind.Write ? told : OperationKind.Access,
            _ when before.Holding != after.Holding || before.Value != after.Value => OperationKind.Write,
            _ => told,
        };
        return new(false, change, change is null or OperationKind.Read ? PageContent.Unknown : seen.Content, false, after);
    }

    private static OperationKind? Told(PageUse use) => use switch
    {
        PageUse.Written => OperationKind.Write,
        PageUse.Read => OperationKind.Read,
        PageUse.Accessed => OperationKind.Access,
        _ => null,
    };

    private static Holding HoldingOf(PageContent content) => content switch
    {
        PageContent.Zero => Holding.Zeros,
        PageContent.Repeated => Holding.RepeatedWord,
        PageContent.Data => Holding.Data,
        _ => Holding.NotKnown,
    };
}
