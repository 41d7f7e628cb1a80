using FleetEstimator.Cli;
using FleetEstimator.Traces.KernelTruth;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

public class ReadMeTests
{
    private static readonly string ReadMe = File.ReadAllText(Path.Combine(RepositoryRoot(), "README.md"));

    [Fact]
    public void FirstLookAtTheModel_IsWhatTheCommandPrints()
    {
        var printed = ScenarioText.Of(Validation.Find(TruthFolder.Path, "named-zram/named-rfc-example"));
        Assert.Contains(printed, ReadMe, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoShellBlocks_HoldOneCommandEach()
    {
        var blocks = ReadMe.Split("```sh\n")[1..].Select(block => block.Split("```")[0].Trim()).ToList();
        Assert.Equal(2, blocks.Count);
        Assert.All(blocks, block => Assert.DoesNotContain('\n', block));
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FleetEstimator.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        return folder.FullName;
    }
}
