namespace FleetEstimator.Estimation;

/// <summary>Reads the claims of a study.</summary>
internal static class ClaimReader
{
    internal static readonly string[] Keys = ["metric", "is", "scope", "mechanism"];

    /// <summary>The comparisons, those of two characters first, so that none is taken for its first character.</summary>
    internal static readonly (string Sign, Comparison Comparison)[] Comparisons =
    [
        (">=", Comparison.AtLeast), ("<=", Comparison.AtMost), (">", Comparison.Above), ("<", Comparison.Below),
    ];

    /// <summary>The claims; those that are wrong, and reported, are left out.</summary>
    /// <param name="fields">The fields of the study.</param>
    /// <param name="study">What else the study says.</param>
    public static IReadOnlyList<Claim> Claims(StudyFields fields, StudyDefinition study)
    {
        if (fields.List("claims", "list claims, or remove the key") is not { } items)
            return [];
        return [.. items.Select((item, index) => Claim(new StudyFields(item, $"claims[{index}]", Keys, fields.Errors), study)).OfType<Claim>()];
    }

    private static Claim? Claim(StudyFields fields, StudyDefinition study)
    {
        var metric = RequiredMetric(fields, study);
        var scope = Scope(fields, study);
        var mechanism = RequiredMechanism(fields, study);
        const string remedy = "write a condition in quotes, such as \"> 10%\" or \"saved >= 2 GiB\"";
        if (fields.Require("is", remedy) is null || fields.Scalar("is", remedy) is not { } condition || metric is null)
            return null;
        if (Condition(condition.Text, metric, out var misreading) is not { } claim)
        {
            fields.Refuse("is", $"'{StudyFields.Shorten(condition.Text)}' {misreading!.Problem}", misreading.Remedy);
            return null;
        }

        if (claim.Subject != ClaimSubject.Level && mechanism is not null && mechanism == study.Baseline)
        {
            fields.Refuse("mechanism", $"'{mechanism}' is the baseline, against which nothing can be saved", "name another mechanism, or claim a level");
            return null;
        }

        return mechanism is null || scope is null ? null : claim with { Scope = scope, Mechanism = mechanism };
    }

    private static Metric? RequiredMetric(StudyFields fields, StudyDefinition study)
    {
        var names = Metric.All.Select(metric => metric.Name).ToArray();
        if (fields.Require("metric", $"allowed: {string.Join(", ", names)}") is null || fields.Word("metric", names) is not { } name)
            return null;
        var metric = Metric.Find(name)!;
        if (study.Metrics.Contains(metric))
            return metric;
        fields.Refuse("metric", $"'{name}' is not looked for", "add right_size to the study, such as right_size: {major_faults: 20}");
        return null;
    }

    private static string? RequiredMechanism(StudyFields fields, StudyDefinition study)
    {
        // Without a single right mechanism the study has been refused already; claims about one are not to blame.
        if (fields.Require("mechanism", "name one of the study's mechanisms") is null || study.Mechanisms.Count == 0)
            return null;
        return fields.Word("mechanism", study.Mechanisms);
    }

    private static string? Scope(StudyFields fields, StudyDefinition study)
    {
        string[] scopes = [EstimateScope.Fleet, .. study.Classes.Where(@class => @class.Name.Length > 0).Select(@class => EstimateScope.OfClass(@class.Name))];
        return fields.Require("scope", $"allowed: {string.Join(", ", scopes)}") is null ? null : fields.Word("scope", scopes);
    }

    /// <summary>Reads a condition, such as <c>&gt; 10%</c> or <c>saved &gt;= -1%</c>; scope and mechanism are left empty.</summary>
    private static Claim? Condition(string text, Metric metric, out Misreading? misreading)
    {
        var rest = text.Trim();
        var saved = rest.StartsWith("saved", StringComparison.Ordinal);
        if (saved)
            rest = rest["saved".Length..].TrimStart();
        var (sign, comparison) = Comparisons.FirstOrDefault(candidate => rest.StartsWith(candidate.Sign, StringComparison.Ordinal));
        if (sign is null)
        {
            misreading = new("does not compare", "begin with >, >=, < or <=, or with saved and one of these");
            return null;
        }

        if (saved && !metric.LowerIsSaving)
        {
            misreading = new($"speaks of a saving, which {metric.Name} does not have", "claim a level of it, such as \"> 10\"");
            return null;
        }

        rest = rest[sign.Length..].TrimStart();
        // Only a saving may be negative: "saved > -1%" claims that a mechanism costs less than 1%.
        var negative = saved && rest.StartsWith('-');
        if (Threshold(negative ? rest[1..] : rest, metric, saved, out var subject, out misreading) is not { } threshold)
            return null;
        return new Claim
        {
            Metric = metric.Name,
            Is = text.Trim(),
            Scope = "",
            Mechanism = "",
            Subject = subject,
            Comparison = comparison,
            Threshold = negative ? 0 - threshold : threshold,
        };
    }

    private static double? Threshold(string text, Metric metric, bool saved, out ClaimSubject subject, out Misreading? misreading)
    {
        subject = saved ? ClaimSubject.Saved : ClaimSubject.Level;
        misreading = null;
        if (Percentage.TryParse(text, out var share))
        {
            subject = saved ? ClaimSubject.SavedShare : ClaimSubject.Level;
            if ((saved || metric.IsShare) && share <= 1)
                return share;
            misreading = saved || metric.IsShare
                ? new("is more than everything", "compare with at most 100%")
                : new($"compares {metric.Unit} with a share", $"compare with {Example(metric)}, or write saved before the comparison");
            return null;
        }

        if (metric.Unit is MetricUnit.Bytes or MetricUnit.BytesPerSecond && !IsPlain(text, out _))
        {
            var size = metric.Unit == MetricUnit.BytesPerSecond && text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2] : text;
            return ByteSize.TryParse(size, out var bytes, out misreading) ? bytes : null;
        }

        if (!IsPlain(text, out var number))
            misreading = new($"does not compare with {metric.Unit}", $"compare with {Example(metric)}");
        else if (metric.IsShare && number > 1)
            misreading = new("is more than everything", "compare with at most 100% (or 1)");
        else if (metric.Unit == MetricUnit.Bytes && number != Math.Floor(number))
            misreading = new("is not a whole number of bytes", $"compare with {Example(metric)}");
        return misreading is null ? number : null;
    }

    private static bool IsPlain(string text, out double number)
    {
        var plain = YamlCore.DecimalNumber(text);
        number = plain is { } digits ? Decimals.ToDouble(digits) : 0;
        return plain is not null;
    }

    private static string Example(Metric metric) => metric.Unit switch
    {
        MetricUnit.Bytes => "a size, such as 2 GiB",
        MetricUnit.BytesPerSecond => "a size per second, such as 100 MiB",
        MetricUnit.One => "a share, such as 10%",
        _ => $"a plain number (in {metric.Unit})",
    };
}
