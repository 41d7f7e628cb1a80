using System.Buffers.Binary;
using System.Security.Cryptography;
using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using FleetEstimator.Tests.Traces;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class PageMeasureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _key = [.. Enumerable.Range(0, 32).Select(index => (byte)index)];
    private readonly byte[] _page = new byte[4096];

    public PageMeasureTests()
    {
        File.WriteAllBytes(_folder["key"], _key);
        new Random(1).NextBytes(_page.AsSpan(0, 1024));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(64)]
    [InlineData(48)]
    [InlineData(16)]
    public void TheFingerprintIsTheLowBitsOfTheFirstWordOfTheKeyedHash(int bits)
    {
        var options = Options() with { FingerprintKeyFile = _folder["key"], FingerprintBits = bits };
        using var measure = PageMeasure.Create(options, 4096)!;
        var expected = BinaryPrimitives.ReadUInt64BigEndian(HMACSHA256.HashData(_key, _page)) & (ulong.MaxValue >> (64 - bits));

        Assert.Equal((expected, (ushort)0), measure.Of(_page));
        Assert.Equal($"hmac-sha256/{bits}", PageMeasure.FingerprintName(options));
        _page[4095] ^= 1;
        Assert.NotEqual(expected, measure.Of(_page).Fingerprint);
    }

    [Theory]
    [InlineData(PageCodec.Lz4, "lz4")]
    [InlineData(PageCodec.Zstd, "zstd")]
    public void SizesAreThoseOfOnePageAlone_AndNeverMoreThanAPage(PageCodec codec, string name)
    {
        var options = Options() with { CompressedSizes = codec };
        using var measure = PageMeasure.Create(options, 4096)!;

        // 1024 random bytes stay, 3072 zeros take next to nothing.
        Assert.InRange(measure.Of(_page).CompressedBytes, 1024, 1100);
        Assert.Equal(0UL, measure.Of(_page).Fingerprint);
        Random.Shared.NextBytes(_page);
        Assert.Equal(4096, measure.Of(_page).CompressedBytes);
        Assert.Equal(name, PageMeasure.CodecName(options));
    }

    [Fact]
    public void NothingIsMeasuredUnlessAskedFor()
    {
        Assert.Null(PageMeasure.Create(Options(), 4096));
        Assert.Equal(("none", "none"), (PageMeasure.FingerprintName(Options()), PageMeasure.CodecName(Options())));
    }

    [Theory]
    [InlineData(15, "has 15 bytes")]
    [InlineData(4097, "has more than 4096 bytes")]
    [InlineData(null, "cannot be read")]
    public void AKeyThatIsNoneIsRefused(int? bytes, string problem)
    {
        if (bytes is { } length)
            File.WriteAllBytes(_folder["bad"], new byte[length]);
        var exception = Assert.Throws<RecordingException>(() => PageMeasure.Create(Options() with { FingerprintKeyFile = _folder["bad"] }, 4096));
        Assert.Equal(RecordingFailure.Options, exception.Failure);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunHasOneFingerprintAndOneSize_AndBreaksWhereTheyDiffer()
    {
        using var measure = PageMeasure.Create(Options() with { FingerprintKeyFile = _folder["key"], CompressedSizes = PageCodec.Lz4 }, 4096)!;
        var rows = new RecordedRows();
        var process = new RecordedProcess(1, writesSwapOuts: true, measure);
        process.Map([new PageRange(10, 20)], 0, rows.Append);
        var other = RandomNumberGenerator.GetBytes(4096);
        foreach (var (page, bytes) in new[] { (10UL, _page), (11UL, _page), (12UL, other), (13UL, _page) })
            process.See(page, new PageSighting(Presence.Mapped, PageContent.Data, 1), bytes);
        process.See(14, new PageSighting(Presence.Mapped, PageContent.Zero), new byte[4096]);
        process.See(15, new PageSighting(Presence.Mapped, PageContent.Repeated, 77), new byte[4096]);
        process.EndScan(0, rows.Append);

        var (fingerprint, size) = measure.Of(_page);
        Assert.Equal(
            [(10UL, 2u, fingerprint, size), (12UL, 1u, measure.Of(other).Fingerprint, (ushort)4096), (13UL, 1u, fingerprint, size), (14UL, 1u, 0UL, (ushort)0), (15UL, 1u, 77UL, (ushort)0)],
            rows.Rows.Skip(1).Select(row => (row.Operation.Page, row.Operation.Pages, row.Fill, row.Operation.CompressedBytes)));

        // The same content again is no row, and costs no measuring: not even with bytes that say otherwise.
        process.See(10, new PageSighting(Presence.Mapped, PageContent.Data, 1), other);
        process.EndScan(1, rows.Append);
        Assert.Equal(6, rows.Rows.Count);
    }

    private static RecordingOptions Options() => new() { Target = new RecordingTarget.Process(1), Output = "a.arrow" };
}
