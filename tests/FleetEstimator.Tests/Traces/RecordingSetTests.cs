using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

public sealed class RecordingSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GroupsFilesByNode_InOrderOfRecording()
    {
        Put("b/web-2.arrow", "node-2", hour: 5);
        Put("b/web-3.arrow", "node-1", hour: 3);
        Put("web-1.arrow", "node-1", hour: 4);
        Put("b/web-4.arrow", "node-1", hour: 3);

        var set = RecordingSet.Find(_folder.Path, ["b/*.arrow", "**/web-?.arrow"]);

        Assert.Equal(["node-1", "node-2"], set.Recordings.Select(recording => recording.Node));
        Assert.Equal(
            [_folder["b/web-3.arrow"], _folder["b/web-4.arrow"], _folder["web-1.arrow"]],
            set.Recordings[0].Files.Select(file => file.Path));
        var file = set.Recordings[0].Files[0];
        Assert.Equal((1, 3ul), (file.RowCount, file.DurationMicroseconds));
        Assert.Equal(file.Digest, file.Load(LocalTraces.Instance).Digest);
    }

    [Theory]
    [InlineData("*.arrow", "one.arrow")]
    [InlineData("one.arrow", "one.arrow")]
    [InlineData("./sub/../one.arrow", "one.arrow")]
    [InlineData("sub/*", "sub/two.arrow")]
    [InlineData("s*/t?o.arrow", "sub/two.arrow")]
    [InlineData("**/*.arrow", "one.arrow", "sub/deep/three.arrow", "sub/two.arrow")]
    [InlineData("sub/**", "sub/deep/three.arrow", "sub/two.arrow")]
    [InlineData("**/deep/*", "sub/deep/three.arrow")]
    public void FindsWhatAPatternMatches(string pattern, params string[] expected)
    {
        foreach (var name in (string[])["one.arrow", "sub/two.arrow", "sub/deep/three.arrow", ".hidden.arrow", ".git/four.arrow"])
            Put(name, "node-1", 1);
        var found = RecordingSet.Find(_folder.Path, [pattern]).Recordings.Single().Files;
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            found.Select(file => Path.GetRelativePath(_folder.Path, file.Path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FindsAbsolutePatterns()
    {
        Put("one.arrow", "node-1", 1);
        Assert.Single(RecordingSet.Find("elsewhere", [_folder["*.arrow"]]).Recordings);
    }

    [Theory]
    [InlineData("two.arrow")]
    [InlineData("ONE.arrow")]
    [InlineData("no/such/*.arrow")]
    [InlineData("")]
    public void NamesThePattern_WhenItMatchesNothing(string pattern)
    {
        Put("one.arrow", "node-1", 1);
        var exception = Assert.Throws<TraceException>(() => RecordingSet.Find(_folder.Path, ["one.arrow", pattern]));
        Assert.Equal(pattern, exception.FilePath);
        Assert.Contains($"no file matches the pattern in {_folder.Path}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesTheFile_WhenItIsNotATrace()
    {
        File.WriteAllText(_folder["bad.arrow"], "no trace");
        Assert.Equal(_folder["bad.arrow"], Assert.Throws<TraceException>(() => RecordingSet.Find(_folder.Path, ["*"])).FilePath);
    }

    [Fact]
    public void RefusesFilesOfOneNodeWithDifferentPageSizes()
    {
        Put("one.arrow", "node-1", 1);
        Put("two.arrow", "node-1", 2, pageSize: 65536);
        var exception = Assert.Throws<TraceException>(() => RecordingSet.Find(_folder.Path, ["*"]));
        Assert.Equal((_folder["two.arrow"], "metadata page_size"), (exception.FilePath, exception.Field));
    }

    [Fact]
    public void RefusesAFileThatChangedSinceItWasIngested()
    {
        Put("one.arrow", "node-1", 1);
        var file = RecordingSet.Find(_folder.Path, ["one.arrow"]).Recordings[0].Files[0];
        Put("one.arrow", "node-1", 2);
        var exception = Assert.Throws<TraceException>(() => file.Load(LocalTraces.Instance));
        Assert.Contains("has changed since it was ingested", exception.Problem, StringComparison.Ordinal);
    }

    private void Put(string name, string node, int hour, int pageSize = 4096)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        var header = Header with { Node = node, RecordedAt = new DateTimeOffset(2025, 1, 1, hour, 0, 0, TimeSpan.Zero), PageSize = pageSize };
        using var writer = TraceWriter.Create(_folder[name], header);
        writer.Append(Row(3, OperationKind.Map, 1, 1, 1));
        writer.Complete();
    }
}
