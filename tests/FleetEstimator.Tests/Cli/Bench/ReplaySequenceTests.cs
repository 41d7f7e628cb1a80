using System.Buffers.Binary;
using FleetEstimator.Cli.Bench;
using Xunit;

namespace FleetEstimator.Tests.Cli.Bench;

/// <summary>The sequence that <c>bench replay</c> draws and exports.</summary>
public class ReplaySequenceTests
{
    [Fact]
    public void Sequence_OfOneSeed_IsAlwaysTheSame()
    {
        Assert.Equal(new ZipfAccesses(1_000, 0.9, seed: 7).Take(100), new ZipfAccesses(1_000, 0.9, seed: 7).Take(100));
        Assert.NotEqual(new ZipfAccesses(1_000, 0.9, seed: 7).Take(100), new ZipfAccesses(1_000, 0.9, seed: 8).Take(100));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.9)]
    [InlineData(1.0)]
    [InlineData(1.5)]
    public void Pages_AreDrawnByZipfsLaw(double exponent)
    {
        const int pages = 100;
        const int draws = 400_000;
        var counts = new int[pages];
        foreach (var page in new ZipfAccesses(pages, exponent, seed: 1).Take(draws))
            counts[page]++;
        Array.Sort(counts, (one, other) => other.CompareTo(one));

        // Only the top ranks are far enough apart to be told from their neighbours by their counts; the uniform case has no ranks.
        var weights = Enumerable.Range(1, pages).Select(rank => Math.Pow(rank, -exponent)).ToArray();
        for (var rank = 0; rank < (exponent == 0 ? pages : 5); rank++)
        {
            var expected = draws * weights[rank] / weights.Sum();
            var tolerance = (exponent == 0 ? 4.5 : 4) * Math.Sqrt(expected);
            Assert.InRange(counts[rank], expected - tolerance, expected + tolerance);
        }
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(1_000u)]
    [InlineData(1_025u)]
    public void EveryPage_IsDrawnSometimes_AndNoneBeyond(uint pages)
    {
        var drawn = new ZipfAccesses(pages, exponent: 0, seed: 3).Take(40_000).ToHashSet();
        Assert.Equal(Enumerable.Range(0, (int)pages).Select(page => (uint)page).ToHashSet(), drawn);
    }

    [Fact]
    public void OracleGeneral_NamesTheNextRequestForTheSameObject()
    {
        var stream = new MemoryStream();
        OracleGeneral.Write(stream, [4, 2, 4, 4], pages: 5);
        var bytes = stream.ToArray();

        Assert.Equal(4 * 24, bytes.Length);
        var records = bytes.Chunk(24).Select(record => (
            Time: BinaryPrimitives.ReadUInt32LittleEndian(record),
            Object: BinaryPrimitives.ReadUInt64LittleEndian(record.AsSpan(4)),
            Size: BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(12)),
            Next: BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(16))));
        Assert.Equal([(0u, 4ul, 1u, 2L), (1u, 2ul, 1u, -1L), (2u, 4ul, 1u, 3L), (3u, 4ul, 1u, -1L)], records);
    }
}
