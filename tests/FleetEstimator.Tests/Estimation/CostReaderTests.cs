using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class CostReaderTests
{
    [Fact]
    public void PartialFile_LeavesTheRestAtTheDefault()
    {
        var table = CostReader.Read("fault: 400\npage_copy: {ns: 700, source: 'measured: here'}", "costs.yaml");

        Assert.Equal(400, table.Fault);
        Assert.Equal(700, table.PageCopy);
        Assert.Equal(CostTable.Default.Reclaim, table.Reclaim);
        Assert.Equal(["fault", "page_copy"], Cost.All.Where(cost => !cost.IsDefaultIn(table)).Select(cost => cost.Key));
        Assert.Equal("measured: here", Cost.Find("page_copy")!.SourceIn(table));
        Assert.Equal("given without a source", Cost.Find("fault")!.SourceIn(table));
    }

    [Fact]
    public void WrittenFile_ReadsBackAsTheSameTable()
    {
        var table = CostTable.Default;
        var sources = new Dictionary<string, string>();
        foreach (var (cost, index) in Cost.All.Select((cost, index) => (cost, index)))
        {
            table = cost.With(table, 1000 + index);
            if (index % 2 == 0)
                sources.Add(cost.Key, $"it's \"measured\": {index} # here");
        }

        var read = CostReader.Read(CostReader.Write(table with { Sources = sources }, ["made by a test"]), "costs.yaml");

        Assert.All(Cost.All, (cost, index) => Assert.Equal(1000 + index, cost.Of(read)));
        Assert.Equal(sources, read.Sources);
    }

    [Fact]
    public void WrongFile_IsRefusedWithLineFieldAndRemedy()
    {
        var error = Assert.Throws<StudyException>(() => CostReader.Read("fault: 1\nzram_raed: 5", "mine.yaml")).Errors.Single();

        Assert.Equal(("mine.yaml", 2, "zram_raed"), (error.File, error.Line, error.Field));
        Assert.Contains("did you mean 'zram_read'?", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void FileNamedByAStudy_IsReadAsIfItStoodThere()
    {
        var study = StudyReader.Read(Studies.ExampleWith("level:", "costs: mine.yaml"), "study.yaml", file => file == "mine.yaml" ? "fault: 7" : throw new IOException(file));

        Assert.Equal(7, study.Costs.Fault);
        Assert.Equal(
            StudyIdentity.Digest(StudyReader.Read(Studies.ExampleWith("level:", "costs: {fault: 7}"), "study.yaml")),
            StudyIdentity.Digest(study));
    }

    [Fact]
    public void MissingFileNamedByAStudy_IsAnErrorOfTheStudy()
    {
        var error = Assert.Throws<StudyException>(() =>
            StudyReader.Read(Studies.ExampleWith("level:", "costs: mine.yaml"), "study.yaml", _ => throw new FileNotFoundException("not there"))).Errors.Single();

        Assert.Equal(("study.yaml", 5, "costs"), (error.File, error.Line, error.Field));
    }
}
