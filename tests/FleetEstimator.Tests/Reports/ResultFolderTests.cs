using System.Security.Cryptography;
using FleetEstimator.Estimation;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class ResultFolderTests : IDisposable
{
    private static readonly SampleStudy Sample = SampleStudy.Realistic();
    private static readonly StudyResult Result = Sample.Estimate();

    private readonly string _parent = Directory.CreateTempSubdirectory("fleet-estimator-result-").FullName;

    private string Target => Path.Join(_parent, "zero-pfn-rollout");

    private string Partial => Path.Join(_parent, ".zero-pfn-rollout.partial");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public async Task HoldsTheFourFiles_WithTheirDigestsInTheRecordOfTheRun()
    {
        await WriteAsync(Result);

        Assert.Equal(["nodes.parquet", "report.html", "report.json", "run.json"], Names(Target));
        Assert.Equal(["zero-pfn-rollout"], Names(_parent));
        var run = RunJson.Read(File.OpenRead(Path.Join(Target, "run.json")));
        Assert.Equal(["report.html", "report.json", "nodes.parquet"], run.Files.Select(file => file.Name));
        Assert.All(run.Files, file =>
        {
            var bytes = File.ReadAllBytes(Path.Join(Target, file.Name));
            Assert.Equal(bytes.Length, file.Bytes);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), file.Sha256);
        });
    }

    [Fact]
    public async Task TakesThePlaceOfAnEarlierResult()
    {
        await WriteAsync(Result with { Seed = 1 });

        await WriteAsync(Result with { Seed = 2 });

        Assert.Equal(2UL, Seed());
        Assert.Equal(["zero-pfn-rollout"], Names(_parent));
    }

    [Fact]
    public async Task DiffersOnlyInTheRecordOfTheRun_WhenWrittenAgain()
    {
        await WriteAsync(Result);
        var first = RunJson.Read(File.OpenRead(Path.Join(Target, "run.json"))).Files;

        await WriteAsync(Result);

        Assert.Equal(first, RunJson.Read(File.OpenRead(Path.Join(Target, "run.json"))).Files);
    }

    [Fact]
    public async Task LeavesTheEarlierResult_AndNothingElse_WhenWritingFailsHalfway()
    {
        await WriteAsync(Result with { Seed = 1 });

        await Assert.ThrowsAsync<InvalidOperationException>(() => WriteAsync(Result with { Seed = 2 }, BreakingOff()));

        Assert.Equal(1UL, Seed());
        Assert.Equal(["zero-pfn-rollout"], Names(_parent));

        static IEnumerable<NodeResult> BreakingOff()
        {
            yield return Sample.Nodes[0];
            throw new InvalidOperationException("The nodes cannot be read.");
        }
    }

    [Fact]
    public async Task ClearsAway_WhatAKilledRunLeft()
    {
        Directory.CreateDirectory(Path.Join(Partial, "new"));
        await File.WriteAllTextAsync(Path.Join(Partial, "lock"), "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Join(Partial, "new", "report.html"), "half", TestContext.Current.CancellationToken);

        await WriteAsync(Result);

        Assert.Equal(["zero-pfn-rollout"], Names(_parent));
        Assert.Equal(["nodes.parquet", "report.html", "report.json", "run.json"], Names(Target));
    }

    // Killed after the new folder changed places with the old one, before the old one was removed.
    [Fact]
    public async Task KeepsTheNewResult_WhenTheOldOneIsStillInTheWorkFolder()
    {
        await WriteAsync(Result with { Seed = 2 });
        Directory.CreateDirectory(Path.Join(Partial, "new"));
        await File.WriteAllTextAsync(Path.Join(Partial, "new", "report.json"), "old", TestContext.Current.CancellationToken);

        new ResultFolder(Target).Check();

        Assert.Equal(2UL, Seed());
        Assert.Equal(["zero-pfn-rollout"], Names(_parent));
    }

    // Killed between the two moves that stand in for the exchange where the file system has none.
    [Fact]
    public async Task BringsBackTheOldResult_WhenItWasSetAsideAndNothingCameInItsPlace()
    {
        await WriteAsync(Result with { Seed = 1 });
        Directory.CreateDirectory(Path.Join(Partial, "new"));
        Directory.Move(Target, Path.Join(Partial, "old"));

        new ResultFolder(Target).Check();

        Assert.Equal(1UL, Seed());
        Assert.Equal(["zero-pfn-rollout"], Names(_parent));
    }

    [Fact]
    public async Task RefusesAFolderWithOtherFiles_BeforeAnythingIsLost()
    {
        Directory.CreateDirectory(Target);
        await File.WriteAllTextAsync(Path.Join(Target, "thesis.odt"), "years of work", TestContext.Current.CancellationToken);

        var exception = Assert.Throws<IOException>(() => new ResultFolder(Target).Check());
        await Assert.ThrowsAsync<IOException>(() => WriteAsync(Result));

        Assert.Contains("'thesis.odt'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("--out", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["thesis.odt"], Names(Target));
        Assert.Equal(["zero-pfn-rollout"], Names(_parent));
    }

    [Fact]
    public async Task RefusesAFile_AndTheRootOfAFileSystem()
    {
        await File.WriteAllTextAsync(Target, "", TestContext.Current.CancellationToken);

        Assert.Contains("is a file", Assert.Throws<IOException>(() => new ResultFolder(Target).Check()).Message, StringComparison.Ordinal);
        Assert.Contains("mounted", Assert.Throws<IOException>(() => new ResultFolder("/").Check()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesToWrite_WhileAnotherRunDoes()
    {
        Directory.CreateDirectory(Partial);
        using var other = new FileStream(Path.Join(Partial, "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var exception = Assert.Throws<IOException>(() => new ResultFolder(Target).Check());

        Assert.Contains("Another run", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WritesWhereALinkLeads_AndLeavesTheLink()
    {
        var elsewhere = Directory.CreateDirectory(Path.Join(_parent, "elsewhere")).FullName;
        Directory.CreateSymbolicLink(Target, elsewhere);

        await WriteAsync(Result);

        Assert.Equal(elsewhere, new DirectoryInfo(Target).LinkTarget);
        Assert.Equal(4, Names(elsewhere).Length);
    }

    [Fact]
    public async Task CheckMakesTheWayFree_AndLeavesNoTrace()
    {
        var folder = new ResultFolder(Path.Join(_parent, "out", "study"));

        folder.Check();

        Assert.Empty(Names(Path.Join(_parent, "out")));
        await folder.WriteAsync(Sample.Study, Result, Sample.Nodes.ToAsyncEnumerable(), RunJsonTests.Sample, TestContext.Current.CancellationToken);
        Assert.Equal(["study"], Names(Path.Join(_parent, "out")));
    }

    [Fact]
    public void ChangesThePlacesOfTwoFolders_WithoutAMomentOfNeither()
    {
        var (finished, target, retired) = TwoFolders();

        FolderSwap.Put(finished, target, retired);

        Assert.Equal("new", File.ReadAllText(Path.Join(target, "from")));
        Assert.Equal("target", File.ReadAllText(Path.Join(OperatingSystem.IsLinux() ? finished : retired, "from")));
    }

    [Fact]
    public void PutsTheOldFolderAside_WhereTwoFoldersCannotChangePlaces()
    {
        var (finished, target, retired) = TwoFolders();

        FolderSwap.PutInTwoSteps(finished, target, retired);

        Assert.Equal("new", File.ReadAllText(Path.Join(target, "from")));
        Assert.Equal("target", File.ReadAllText(Path.Join(retired, "from")));
    }

    private (string Finished, string Target, string Retired) TwoFolders()
    {
        var (finished, target) = (Path.Join(_parent, "new"), Path.Join(_parent, "target"));
        foreach (var folder in new[] { finished, target })
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Join(folder, "from"), Path.GetFileName(folder));
        }

        return (finished, target, Path.Join(_parent, "old"));
    }

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private ulong Seed()
    {
        using var stream = File.OpenRead(Path.Join(Target, "report.json"));
        return ReportJson.Read(stream).Seed;
    }

    private Task WriteAsync(StudyResult result, IEnumerable<NodeResult>? nodes = null) =>
        new ResultFolder(Target).WriteAsync(Sample.Study, result, (nodes ?? Sample.Nodes).ToAsyncEnumerable(), RunJsonTests.Sample, TestContext.Current.CancellationToken);
}
