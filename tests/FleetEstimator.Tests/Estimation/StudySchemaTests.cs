using System.Globalization;
using System.Text.Json.Nodes;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>Keeps study.schema.json and the reader in step.</summary>
public sealed class StudySchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(StudySchema.Text)!.AsObject();

    [Theory]
    [InlineData(Studies.Example)]
    [InlineData(Studies.Least)]
    [InlineData(Studies.Everything)]
    public void Accepts_WhatTheReaderAccepts(string yaml)
    {
        Assert.True(JsonSchemaJudge.Accepts(Schema, AsJson(yaml)));
        Assert.True(JsonSchemaJudge.Accepts(Schema, JsonNode.Parse(StudyIdentity.Canonical(StudyReader.Read(yaml, "study.yaml")))));
    }

    [Fact]
    public void Refuses_WhatTheReaderRefusesInOneValue()
    {
        foreach (var yaml in WrongStudies.SchemaTells())
            Assert.False(JsonSchemaJudge.Accepts(Schema, AsJson(yaml)), yaml);
    }

    [Fact]
    public void KnowsTheKeysOfTheReader()
    {
        Assert.Equal(StudyReader.Keys, KeysOf(Schema));
        Assert.Equal(NodeClassReader.Keys, KeysOf(Definition("class")));
        Assert.Equal(ClaimReader.Keys, KeysOf(Definition("claim")));
        Assert.Equal(RecordingPatternReader.StoreKeys, KeysOf(Definition("stored")));
        Assert.Equal(RecordingPatternReader.FilesKeys, KeysOf(Definition("files")));
        Assert.Equal(NodeClassReader.Keys.Except(ClassDefaults.OwnKeys), KeysOf(Definition("defaults")));
        Assert.Equal(StudyReader.SimulationKeys, KeysOf(Schema["properties"]!["simulation"]!));
        Assert.Equal(StudyReader.RightSizeKeys, KeysOf(Schema["properties"]!["right_size"]!));
        Assert.Equal(StudyReader.OfBaselineKeys, KeysOf(Schema["properties"]!["right_size"]!["properties"]!["major_faults"]!["anyOf"]![1]!));
        Assert.Equal(NodeClassReader.SwapKeys, KeysOf(Definition("swap")["anyOf"]![1]!));
        Assert.Equal(NodeClassReader.LimitKeys, KeysOf(Definition("limit")["anyOf"]![2]!));
        Assert.Equal(NodeClassReader.ReclaimKeys, KeysOf(Definition("reclaim")));
        Assert.Equal(NodeClassReader.ProactiveKeys, KeysOf(Definition("proactive")["anyOf"]![1]!));
        Assert.Equal(NodeClassReader.KsmKeys, KeysOf(Definition("ksm")["anyOf"]![1]!));
        Assert.Equal(NodeClassReader.HugePageKeys, KeysOf(Definition("folios")));
    }

    [Fact]
    public void KnowsEveryMechanismAndMetric()
    {
        Assert.Equal(Mechanism.All.Select(mechanism => mechanism.Name), WordsOf(Definition("mechanism")));
        Assert.Equal(StudyWords.HugePages.Select(choice => choice.Word), WordsOf(Definition("huge_pages")));
        Assert.Equal(StudyWords.Switch.Select(choice => choice.Word), WordsOf(Definition("switch")));
        Assert.Equal(StudyWords.Lrus.Select(choice => choice.Word), WordsOf(Definition("class")["properties"]!["lru"]!["anyOf"]![0]!));
        Assert.Equal([.. StudyWords.Devices.Select(choice => choice.Word),], [.. WordsOf(Definition("swap")["anyOf"]![1]!["properties"]!["device"]!["anyOf"]![0]!), "none"]);
        Assert.Equal(Metric.All.Select(metric => metric.Name), WordsOf(Definition("claim")["properties"]!["metric"]!));
    }

    private static JsonNode Definition(string name) => Schema["$defs"]![name]!;

    private static IEnumerable<string> KeysOf(JsonNode schema) => schema["properties"]!.AsObject().Select(property => property.Key);

    private static IEnumerable<string> WordsOf(JsonNode schema) => schema["enum"]!.AsArray().Select(word => word!.GetValue<string>());

    /// <summary>YAML as an editor's language server sees it: plain numbers and truth values are not text.</summary>
    private static JsonNode? AsJson(string yaml)
    {
        var errors = new StudyErrors("study.yaml");
        var root = YamlTree.Read(yaml, errors);
        Assert.Equal(0, errors.Count);
        return AsJson(root!);
    }

    private static JsonNode? AsJson(YamlValue value) => value switch
    {
        YamlMapping mapping => new JsonObject(mapping.Entries.Select(entry => KeyValuePair.Create(entry.Key.Text, AsJson(entry.Value)))),
        YamlSequence list => new JsonArray([.. list.Items.Select(AsJson)]),
        YamlScalar scalar when YamlCore.IsNull(scalar) => null,
        YamlScalar { Plain: true } scalar when YamlCore.IsNumberOrTruth(scalar.Text) => decimal.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture))
            : JsonValue.Create(true),
        YamlScalar scalar => JsonValue.Create(scalar.Text),
        _ => throw new ArgumentException("Not a study that the reader could read.", nameof(value)),
    };
}
