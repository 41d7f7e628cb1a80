using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FleetEstimator.Estimation;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class ReportJsonTests
{
    private static readonly StudyResult Result = SampleStudy.Realistic().Estimate();

    [Fact]
    public void HasTheMembersOfTheContract_AndNoOther()
    {
        var report = JsonNode.Parse(Text(Result))!.AsObject();

        Assert.Equal(
            [
                "assumptions", "backtest", "baseline", "claims", "classes", "costs", "estimates", "failed_nodes", "level", "mechanisms", "nodes", "quantiles", "recordings", "schema", "seed",
                "simulated_nodes", "study", "study_digest", "sweep", "warnings",
            ],
            report.Select(member => member.Key).Order(StringComparer.Ordinal));
        Assert.Equal("fleet-estimator.report/1", (string?)report["schema"]);
        foreach (var estimate in report["estimates"]!.AsArray())
        {
            foreach (var name in new[] { "metric", "mechanism", "against", "scope", "estimate", "low", "high", "level", "unit", "recordings" })
                Assert.True(estimate!.AsObject().ContainsKey(name), name);
        }

        foreach (var claim in report["claims"]!.AsArray())
        {
            foreach (var name in new[] { "claim", "scope", "verdict", "estimate", "low", "high", "level" })
                Assert.True(claim!.AsObject().ContainsKey(name), name);
            Assert.Contains((string?)claim!["verdict"], new[] { "supported", "refuted", "undecided" });
        }
    }

    [Fact]
    public void NamesAreSnakeCase_Everywhere()
    {
        using var document = JsonDocument.Parse(Text(Result));

        Assert.All(Names(document.RootElement), name => Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", name));
    }

    [Fact]
    public void LevelsAreAgainstNull_AndDifferencesAgainstTheBaseline()
    {
        var estimates = JsonNode.Parse(Text(Result))!["estimates"]!.AsArray();

        Assert.Equal([null, Result.Baseline], estimates.Select(estimate => (string?)estimate!["against"]).Distinct());
    }

    [Fact]
    public void LowAndHighAreNullWithAReason_WhereNoIntervalCanBeGiven()
    {
        var result = SampleStudy.Make(new() { RecordingsPerClass = 1 }).Estimate();

        var estimates = JsonNode.Parse(Text(result))!["estimates"]!.AsArray();

        Assert.Contains(estimates, estimate => estimate!["low"] is null);
        Assert.All(estimates, estimate => Assert.Equal(estimate!["low"] is null || estimate["estimate"] is null, estimate.AsObject().ContainsKey("reason")));
    }

    [Fact]
    public void ReadsBackWhatWasWritten_ByteForByte()
    {
        var text = Text(Result);

        var read = ReportJson.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));

        Assert.Equal(text, Text(read));
        Assert.Equal(Result.Estimates, read.Estimates);
        Assert.Equal(Result.Claims, read.Claims);
    }

    [Fact]
    public void NumbersAreTheShortestThatReadBack_AndTextIsNotEscapedWithoutNeed()
    {
        var text = Text(Result with { Level = 0.1 + 0.2, Study = "zero-pfn-rollout µ" });

        Assert.Contains("\"level\": 0.30000000000000004,", text, StringComparison.Ordinal);
        Assert.Contains("zero-pfn-rollout µ", text, StringComparison.Ordinal);
        Assert.Contains("linux-6.12+zero-pfn-swapin", text, StringComparison.Ordinal);
    }

    [Fact]
    public void IsIndented_WithLineFeedsOnly_AndEndsWithOne()
    {
        var text = Text(Result);

        Assert.StartsWith("{\n  \"schema\"", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
    }

    [Theory]
    [InlineData("", "report.json cannot be read")]
    [InlineData("{", "report.json cannot be read")]
    [InlineData("[]", "has no member \"schema\"")]
    [InlineData("{\"study\": \"x\"}", "has no member \"schema\"")]
    [InlineData("{\"schema\": \"fleet-estimator.report/2\"}", "has schema 'fleet-estimator.report/2', this program reads 'fleet-estimator.report/1'")]
    [InlineData("{\"schema\": \"fleet-estimator.report/1\"}", "study_digest")]
    public void RefusesWhatIsNoReport_SayingWhy(string text, string why)
    {
        var exception = Assert.Throws<InvalidDataException>(() => ReportJson.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))));

        Assert.Contains(why, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesNullWhereAFigureMustStand()
    {
        var text = Text(Result).Replace("\"study\": \"zero-pfn-rollout\"", "\"study\": null", StringComparison.Ordinal);

        var exception = Assert.Throws<InvalidDataException>(() => ReportJson.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))));

        Assert.Contains("study", exception.Message, StringComparison.Ordinal);
    }

    private static string Text(StudyResult result)
    {
        using var stream = new MemoryStream();
        ReportJson.Write(result, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static IEnumerable<string> Names(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Names(member.Value).Prepend(member.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Names),
        _ => [],
    };
}
