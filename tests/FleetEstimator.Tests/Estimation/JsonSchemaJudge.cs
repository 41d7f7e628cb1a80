using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FleetEstimator.Tests.Estimation;

/// <summary>
/// Judges JSON by the part of JSON Schema 2020-12 that study.schema.json uses. A keyword it does not know fails the test rather than passing unjudged.
/// (No package with its whole dependency tree could be had.)
/// </summary>
internal static class JsonSchemaJudge
{
    private static readonly string[] Annotations = ["$schema", "$defs", "title", "description", "default"];

    public static bool Accepts(JsonObject root, JsonNode? value) => Accepts(root, root, value);

    private static bool Accepts(JsonObject root, JsonObject schema, JsonNode? value)
    {
        foreach (var (keyword, rule) in schema)
        {
            if (!Annotations.Contains(keyword) && !Obeys(root, schema, keyword, rule!, value))
                return false;
        }

        return true;
    }

    private static bool Obeys(JsonObject root, JsonObject schema, string keyword, JsonNode rule, JsonNode? value) => keyword switch
    {
        "$ref" => Accepts(root, Referenced(root, rule.GetValue<string>()), value),
        "anyOf" => rule.AsArray().Any(option => Accepts(root, option!.AsObject(), value)),
        "const" => JsonNode.DeepEquals(rule, value),
        "enum" => rule.AsArray().Any(option => JsonNode.DeepEquals(option, value)),
        "type" => IsOfType(rule.GetValue<string>(), value),
        "properties" => value is not JsonObject mapping || mapping.All(entry => rule[entry.Key] is not JsonObject property || Accepts(root, property, entry.Value)),
        "required" => value is not JsonObject mapping || rule.AsArray().All(key => mapping.ContainsKey(key!.GetValue<string>())),
        "additionalProperties" => value is not JsonObject mapping || mapping.All(entry => schema["properties"]!.AsObject().ContainsKey(entry.Key)),
        "items" => value is not JsonArray list || list.All(item => Accepts(root, rule.AsObject(), item)),
        "minItems" => value is not JsonArray list || list.Count >= rule.GetValue<int>(),
        "maxItems" => value is not JsonArray list || list.Count <= rule.GetValue<int>(),
        "uniqueItems" => value is not JsonArray list || list.Select(item => item!.ToJsonString()).Distinct().Count() == list.Count,
        "minLength" => Text(value) is not { } text || text.Length >= rule.GetValue<int>(),
        "maxLength" => Text(value) is not { } text || text.Length <= rule.GetValue<int>(),
        "pattern" => Text(value) is not { } text || Regex.IsMatch(text, rule.GetValue<string>(), RegexOptions.ECMAScript),
        "minimum" => Number(value) is not { } number || number >= Number(rule),
        "maximum" => Number(value) is not { } number || number <= Number(rule),
        "exclusiveMinimum" => Number(value) is not { } number || number > Number(rule),
        "exclusiveMaximum" => Number(value) is not { } number || number < Number(rule),
        _ => throw new NotSupportedException($"The schema uses the keyword '{keyword}', which this judge does not know."),
    };

    private static JsonObject Referenced(JsonObject root, string reference)
    {
        const string prefix = "#/$defs/";
        Assert(reference.StartsWith(prefix, StringComparison.Ordinal), reference);
        return reference[prefix.Length..].Split('/').Aggregate(root["$defs"]!, (node, key) => node[key]!).AsObject();
    }

    private static bool IsOfType(string type, JsonNode? value) => type switch
    {
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => Text(value) is not null,
        "number" => Number(value) is not null,
        "integer" => Number(value) is { } number && number == decimal.Truncate(number),
        _ => throw new NotSupportedException($"The schema uses the type '{type}', which this judge does not know."),
    };

    private static string? Text(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    private static decimal? Number(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.Number ? decimal.Parse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture) : null;

    private static void Assert(bool condition, string what)
    {
        if (!condition)
            throw new NotSupportedException($"This judge cannot follow {what}.");
    }
}
