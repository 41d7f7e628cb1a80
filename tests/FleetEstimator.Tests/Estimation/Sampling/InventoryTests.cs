using FleetEstimator.Cli.Sampling;
using FleetEstimator.Estimation;
using FleetEstimator.Tests.Traces;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace FleetEstimator.Tests.Estimation.Sampling;

public sealed class InventoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ReadsCsv_WithLabels()
    {
        var inventory = await Csv("""
            node,class,memory,kernel,swap,cost,zone
            n1,web,64 GiB,6.12.9,8 GiB,2.5,"a, b"
            n2,db,1073741824,,,,
            n3,web,64GiB,6.1,0,1,c
            """);
        Assert.Equal(["db", "web"], inventory.Classes.Select(@class => @class.Class));
        var first = inventory.Nodes[0];
        Assert.Equal(("n1", "web", 64L << 30, "6.12.9", 8L << 30, 2.5), (first.Node, first.Class, first.MemoryBytes, first.Kernel, first.SwapBytes, first.Cost));
        Assert.Equal("a, b", first.Labels["zone"]);
        Assert.Equal((1L << 30, null, 0, 1, 0), (inventory.Nodes[1].MemoryBytes, inventory.Nodes[1].Kernel, inventory.Nodes[1].SwapBytes, inventory.Nodes[1].Cost, inventory.Nodes[1].Labels.Count));
    }

    [Theory]
    [InlineData("node,class\nn1,web", "memory: the column is missing")]
    [InlineData("node,class,memory,node\nn1,web,1 GiB,n1", "node: the column stands twice")]
    [InlineData("node,class,memory\n", "there are no nodes in it")]
    [InlineData("", "the file")]
    [InlineData("node,class,memory\nn1,web,1 GiB\nn1,db,1 GiB", "row 2, node: \"n1\" stands in row 1 already")]
    [InlineData("node,class,memory\nn1,web,1 GB", "row 1, memory: \"1 GB\" has the unit GB")]
    [InlineData("node,class,memory\nn1,web,0", "row 1, memory: \"0\" is too small")]
    [InlineData("node,class,memory\nn1,web servers,1 GiB", "row 1, class: \"web servers\" is not a name")]
    [InlineData("node,class,memory\n,web,1 GiB", "row 1, node: the value is empty")]
    [InlineData("node,class,memory\nn1", "row 1, class: the value is empty")]
    [InlineData("node,class,memory\nn1,web,1 GiB,extra", "row 1: it has 4 fields, the header 3")]
    [InlineData("node,class,memory,cost\nn1,web,1 GiB,-1", "row 1, cost: \"-1\" is not a number above 0")]
    [InlineData("PAR1 but nothing else", "the file cannot be read")]
    public async Task NamesRowColumnAndRemedy_OfWhatIsWrong(string text, string problem)
    {
        var exception = await Assert.ThrowsAsync<InventoryException>(() => Csv(text));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["fleet"], exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadsParquet_WithNumbersAndTexts()
    {
        var cancellation = TestContext.Current.CancellationToken;
        DataField[] fields = [new("node", typeof(string)), new("class", typeof(string)), new DataField<long>("memory"), new DataField<double?>("cost"), new DataField<int?>("rack")];
        await using (var stream = File.Create(_folder["fleet"]))
        {
            await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream, cancellationToken: cancellation);
            using var group = writer.CreateRowGroup();
            await WriteAsync(group, fields[0], "n1", "n2");
            await WriteAsync(group, fields[1], "web", "db");
            await group.WriteAsync<long>(fields[2], (long[])[1L << 30, 2L << 30], cancellationToken: cancellation);
            await group.WriteAsync<double>(fields[3], (double?[])[1.5, null], cancellationToken: cancellation);
            await group.WriteAsync<int>(fields[4], (int?[])[null, 7], cancellationToken: cancellation);
        }

        var inventory = await InventoryFile.ReadAsync(_folder["fleet"]);

        Assert.Equal([("n1", "web", 1L << 30, 1.5), ("n2", "db", 2L << 30, 1.0)], inventory.Nodes.Select(node => (node.Node, node.Class, node.MemoryBytes, node.Cost)));
        Assert.Equal("7", inventory.Nodes[1].Labels["rack"]);
        Assert.Empty(inventory.Nodes[0].Labels);
    }

    private static Task WriteAsync(ParquetRowGroupWriter group, DataField field, params string[] values) => group.WriteAsync(field, values);

    private Task<Inventory> Csv(string text)
    {
        File.WriteAllText(_folder["fleet"], text);
        return InventoryFile.ReadAsync(_folder["fleet"]);
    }
}
