using FleetEstimator.Paging;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>What one page of a worker holds after the operations so far; <c>default</c> is a page never written, which reads as zeros.</summary>
internal struct ScenarioPage : IEquatable<ScenarioPage>
{
    /// <summary>Nominal compressed size of a page that is one word repeated but for its first byte, in bytes.</summary>
    public const ushort CompressedBytesUniform = 64;

    /// <summary>Nominal compressed size of a page whose first half is random, in bytes.</summary>
    public const ushort CompressedBytesHalf = 2112;

    /// <summary>Nominal compressed size of random bytes: a whole page, that is, no compressor can keep it.</summary>
    public const ushort CompressedBytesRandom = 4096;

    private Body _body;

    // Body uniform: the word that every word of the page was when it was last overwritten, and the byte stored at its start since.
    private ulong _word;
    private byte _firstByte;

    private enum Body : byte
    {
        Uniform,
        Half,
        Random,
    }

    /// <summary>mlock holds here: madvise that would take the page away fails.</summary>
    public bool IsLocked { get; set; }

    /// <summary>MADV_FREE was called since the last store: the kernel may drop the content.</summary>
    public bool IsLazilyFreed { get; set; }

    /// <summary>Paged out and not touched since, so that MADV_FREE drops the content at once.</summary>
    public bool IsPagedOut { get; set; }

    /// <summary>Content as a trace says it.</summary>
    public readonly PageContent Content =>
        _body != Body.Uniform || _firstByte != (byte)_word ? PageContent.Data
        : _word == 0 ? PageContent.Zero
        : PageContent.Repeated;

    /// <summary>The word of repeated content, otherwise 0.</summary>
    public readonly ulong Word => Content == PageContent.Repeated ? _word : 0;

    /// <summary>Nominal size of the page when compressed, in bytes.</summary>
    public readonly ushort CompressedBytes => _body switch
    {
        Body.Half => CompressedBytesHalf,
        Body.Random => CompressedBytesRandom,
        _ => CompressedBytesUniform,
    };

    /// <summary>Overwrites every byte.</summary>
    public void Overwrite(PageFill fill, ulong argument)
    {
        _word = fill == PageFill.Same ? argument : 0;
        _firstByte = (byte)_word;
        _body = fill switch
        {
            PageFill.Random => Body.Random,
            PageFill.Half => Body.Half,
            _ => Body.Uniform,
        };
        Touch();
        IsLazilyFreed = false;
    }

    /// <summary>Stores one byte at the start: the lowest of the first word on a little-endian machine.</summary>
    public void Store(byte value)
    {
        _firstByte = value;
        Touch();
        IsLazilyFreed = false;
    }

    /// <summary>Brings the page in, if it was out.</summary>
    public void Touch() => IsPagedOut = false;

    /// <summary>MADV_FREE: a swapped-out page is gone at once, a mapped one when it is next reclaimed, unless it is written before.</summary>
    public void FreeLazily()
    {
        if (IsPagedOut)
            Drop();
        else
            IsLazilyFreed = true;
    }

    /// <summary>Reclaims the page.</summary>
    public void PageOut()
    {
        if (IsLazilyFreed)
            Drop();
        else
            IsPagedOut = true;
    }

    /// <summary>Forgets the content: the page reads as zeros again.</summary>
    public void Drop() => this = new() { IsLocked = IsLocked };

    /// <summary>Whether a trace says the same of both pages, so that they can share a run.</summary>
    public readonly bool Equals(ScenarioPage other) =>
        Content == other.Content && Word == other.Word && CompressedBytes == other.CompressedBytes;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is ScenarioPage other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(Content, Word, CompressedBytes);
}
