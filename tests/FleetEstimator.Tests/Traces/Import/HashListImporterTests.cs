using System.Text;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class HashListImporterTests
{
    // SuperFastHash of 4096 zero bytes, by Paul Hsieh's C source.
    private const uint ZeroHash = 0xB5E723DC;

    [Fact]
    public void TellsPagesOfZerosByTheirHash()
    {
        var imported = Of("OS: Linux\n1 init\n", [7, ZeroHash, ZeroHash, 9]);
        Assert.Equal(Capability.ContentKnown, imported.Header.Capability);
        Assert.Equal(4 * 4096, imported.Header.MemoryBytes);
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, 0, 0, 4)),
                new TraceRow(0, new Operation(OperationKind.Observe, 0, 0, 1, PageContent.Data)),
                new TraceRow(0, new Operation(OperationKind.Observe, 0, 1, 2, PageContent.Zero)),
                new TraceRow(0, new Operation(OperationKind.Observe, 0, 3, 1, PageContent.Data)),
            ],
            imported.Rows);
    }

    [Fact]
    public void TakesAnotherHashOfZeros_AndFewerPages() =>
        Assert.Equal(1u, Of("x\n", [7, 8, 7], new ImportOptions().Add("zero-hash", "0x7").Add("pages", "2")).Rows.Single(row => row.Operation.Content == PageContent.Zero).Operation.Pages);

    [Fact]
    public void RefusesAListWithoutThatHash_AndNamesTheMostFrequent() =>
        Assert.Contains("the most frequent is 00000008 (2 pages)", Assert.Throws<ImportException>(() => Of("x\n", [7, 8, 8])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("", "there is no line of text at its begin")]
    [InlineData("header\n", "there are no hashes after the header")]
    [InlineData("header\n\u0001\u0002\u0003\u0004\u0005", "are no list of 32-bit hashes")]
    public void IsRefusedWithPlaceAndRemedy(string text, string message) =>
        Assert.Contains(message, Imported.Refused("umass-hashes", text).Message, StringComparison.Ordinal);

    private static Imported Of(string header, uint[] hashes, ImportOptions? options = null) => Imported.Of(
        "umass-hashes", [ImportFile.FromBytes("in", [.. Encoding.ASCII.GetBytes(header), .. hashes.SelectMany(BitConverter.GetBytes)])], options);
}
