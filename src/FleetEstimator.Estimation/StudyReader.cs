using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>
/// Reads study files, strictly: a study that is accepted means one thing. A device or setting that the model does not cover is refused, not approximated.
/// </summary>
public static class StudyReader
{
    internal static readonly string[] Keys =
    [
        "study", "seed", "mechanisms", "baseline", "level", "duration", "warm_up", "costs", "simulation", "right_size", "defaults", "classes", "claims",
    ];

    internal static readonly string[] SimulationKeys = ["half_width", "metrics"];
    internal static readonly string[] RightSizeKeys = ["major_faults"];
    internal static readonly string[] OfBaselineKeys = ["of_baseline"];

    private const double MostFaults = 1e9;

    /// <summary>Reads a study.</summary>
    /// <param name="yaml">The text of the file.</param>
    /// <param name="fileName">The file as the user named it; only for messages.</param>
    /// <param name="readFile">Gives the text of a cost file that the study names; without it, costs can stand in the study only.</param>
    /// <exception cref="StudyException">The study, or its cost file, is not acceptable; holds all errors found.</exception>
    public static StudyDefinition Read(string yaml, string fileName, Func<string, string>? readFile = null)
    {
        var errors = new StudyErrors(fileName);
        if (YamlTree.Read(yaml, errors) is not { } root)
            throw errors.Exception();
        var sweeps = StudySweeps.Find(root, errors);
        var study = Study(sweeps.Base, errors, readFile);
        errors.ThrowIfAny();
        var points = sweeps.Points.Select(point => new SweepPoint(point.Parameter, point.Value, point.BaseValue, Study(point.Root, errors, readFile) with { Claims = [] })).ToList();
        errors.ThrowIfAny();
        return study with { Sweep = points };
    }

    private static StudyDefinition Study(YamlValue root, StudyErrors errors, Func<string, string>? readFile)
    {
        var fields = new StudyFields(ClassDefaults.Apply(root, errors), "", Keys, errors);
        var name = fields.Name("study");
        var mechanisms = Mechanisms(fields);
        var duration = Duration(fields);
        var classes = Classes(fields);
        var study = new StudyDefinition
        {
            Name = name ?? "",
            Seed = fields.WholeNumber("seed", 0, ulong.MaxValue) ?? 1,
            Mechanisms = mechanisms,
            Baseline = Baseline(fields, mechanisms),
            Level = Level(fields),
            DurationMicroseconds = duration,
            WarmUp = WarmUp(fields, duration),
            Costs = Costs(fields, readFile),
            Simulation = Simulation(fields),
            RightSize = RightSize(fields),
            Classes = classes,
        };
        return study with { Claims = ClaimReader.Claims(fields, study) };
    }

    private static SimulationTarget? Simulation(StudyFields fields)
    {
        if (fields.Find("simulation") is not { } value)
            return null;
        const string remedy = "write how narrow half the simulation interval is to be, above 0% and below 100%, such as half_width: 1%";
        var target = new StudyFields(value, "simulation", SimulationKeys, fields.Errors);
        if (target.Require("half_width", remedy) is null || target.ShareAbove0("half_width") is not { } halfWidth)
            return null;
        if (halfWidth == 1)
            target.Refuse("half_width", "is everything", remedy);
        return new SimulationTarget { HalfWidth = halfWidth, Metrics = TargetMetrics(target) };
    }

    private static IReadOnlyList<string> TargetMetrics(StudyFields target)
    {
        var known = Metric.All.Where(metric => metric.Numerator != NodeQuantity.SmallestLimitBytes).Select(metric => metric.Name).ToArray();
        var remedy = $"list metrics: {string.Join(", ", known)}";
        if (target.List("metrics", remedy) is not { } items)
            return SimulationTarget.DefaultMetrics;
        var names = new List<string>();
        for (var index = 0; index < items.Count; index++)
        {
            var path = $"simulation.metrics[{index}]";
            if (target.AsText(items[index], path, remedy) is not { } name)
                continue;
            if (!known.Contains(name))
                target.Errors.Add(items[index], path, $"'{StudyFields.Shorten(name)}' is not a metric that can be asked for here", Spelling.Remedy(name, known));
            else if (names.Contains(name))
                target.Errors.Add(items[index], path, $"'{name}' stands twice", "keep one");
            else
                names.Add(name);
        }

        return names;
    }

    private static RightSizeBound? RightSize(StudyFields fields)
    {
        const string remedy = "write the most major faults per second and node, such as 20, or {of_baseline: 110%}, relative to what the node takes under the baseline today";
        if (fields.Find("right_size") is not { } value)
            return null;
        var bound = new StudyFields(value, "right_size", RightSizeKeys, fields.Errors);
        if (bound.Require("major_faults", remedy) is not { } faults)
            return null;
        if (faults is YamlMapping)
        {
            var relative = new StudyFields(faults, "right_size.major_faults", OfBaselineKeys, fields.Errors);
            if (relative.Require("of_baseline", remedy) is null || relative.Scalar("of_baseline", remedy) is not { } scalar)
                return null;
            if (Share(scalar) is { } share and > 0)
                return new RightSizeBound { OfBaseline = share };
            relative.Refuse("of_baseline", $"'{StudyFields.Shorten(scalar.Text)}' is not a share above 0%", remedy);
            return null;
        }

        if (bound.Scalar("major_faults", remedy) is not { } number)
            return null;
        if (YamlCore.DecimalNumber(number) is { } rate && Decimals.ToDouble(rate) is > 0 and <= MostFaults and var perSecond)
            return new RightSizeBound { MajorFaultsPerSecond = perSecond };
        bound.Refuse("major_faults", $"'{StudyFields.Shorten(number.Text)}' is not a rate above 0", remedy);
        return null;
    }

    private static List<string> Mechanisms(StudyFields fields)
    {
        var known = Mechanism.All.Select(mechanism => mechanism.Name).ToArray();
        var remedy = $"list at least one of: {string.Join(", ", known)}";
        var names = new List<string>();
        if (fields.Require("mechanisms", remedy) is null || fields.List("mechanisms", remedy) is not { } items)
            return names;
        for (var index = 0; index < items.Count; index++)
        {
            var path = $"mechanisms[{index}]";
            if (fields.AsText(items[index], path, remedy) is not { } name)
                continue;
            if (Mechanism.Find(name) is null)
                fields.Errors.Add(items[index], path, $"'{StudyFields.Shorten(name)}' is not a known mechanism", Spelling.Remedy(name, known));
            else if (names.Contains(name))
                fields.Errors.Add(items[index], path, $"'{name}' stands twice", "keep one");
            else
                names.Add(name);
        }

        return names;
    }

    private static string Baseline(StudyFields fields, List<string> mechanisms)
    {
        if (fields.Find("baseline") is { } value)
        {
            // Without a single right mechanism the study has been refused already; the baseline is not to blame.
            var name = fields.AsText(value, "baseline", "name one of the mechanisms");
            if (name is not null && mechanisms.Contains(name))
                return name;
            if (name is not null && mechanisms.Count > 0)
                fields.Refuse("baseline", $"'{StudyFields.Shorten(name)}' is not among the mechanisms", Spelling.Remedy(name, mechanisms));
        }

        return mechanisms.Contains(Mechanism.Linux612.Name) ? Mechanism.Linux612.Name : mechanisms.FirstOrDefault("");
    }

    private static double Level(StudyFields fields)
    {
        const string remedy = "write a level from 50% to 99.9%, such as 95% or 0.95";
        if (fields.Scalar("level", remedy) is not { } scalar)
            return 0.95;
        if (Share(scalar) is { } level and >= StudyDefinition.LeastLevel and <= StudyDefinition.MostLevel)
            return level;
        fields.Refuse("level", $"'{StudyFields.Shorten(scalar.Text)}' is not a confidence level", remedy);
        return 0.95;
    }

    /// <summary>A share written as <c>70%</c> or as a plain 0.7, or null.</summary>
    internal static double? Share(YamlScalar scalar) =>
        Percentage.TryParse(scalar.Text, out var share) ? share
        : YamlCore.DecimalNumber(scalar) is { } number ? Decimals.ToDouble(number)
        : null;

    private static long? Duration(StudyFields fields)
    {
        if (fields.Scalar("duration", "write a length of time such as 10 min, or leave it out: the length of the recording") is not { } scalar)
            return null;
        var misreading = Period.TryParse(scalar.Text, out var microseconds, out var wrong) && microseconds == 0
            ? new Misreading("is no time at all", "write a length of time such as 10 min")
            : wrong;
        if (misreading is null)
            return microseconds;
        fields.Refuse("duration", $"'{StudyFields.Shorten(scalar.Text)}' {misreading.Problem}", misreading.Remedy);
        return null;
    }

    private static WarmUp WarmUp(StudyFields fields, long? duration)
    {
        const string remedy = "write a share of the duration below 100%, such as 25%, or a time shorter than it, such as 2 min";
        if (fields.Scalar("warm_up", remedy) is not { } scalar)
            return Estimation.WarmUp.Default;
        if (Share(scalar) is { } share)
        {
            if (share < 1)
                return new WarmUp { Share = share };
            fields.Refuse("warm_up", $"'{StudyFields.Shorten(scalar.Text)}' leaves nothing to measure", remedy);
        }
        else if (!Period.TryParse(scalar.Text, out var microseconds, out var misreading))
        {
            fields.Refuse("warm_up", $"'{StudyFields.Shorten(scalar.Text)}' {misreading!.Problem}", remedy);
        }
        else if (microseconds >= duration)
        {
            fields.Refuse("warm_up", $"'{scalar.Text}' is not shorter than the duration of {Period.ToText(duration.Value)}", remedy);
        }
        else
        {
            return new WarmUp { Microseconds = microseconds };
        }

        return Estimation.WarmUp.Default;
    }

    private static CostTable Costs(StudyFields fields, Func<string, string>? readFile)
    {
        const string remedy = "name a cost file, relative to the study, or write costs in nanoseconds here: {fault: 330}";
        if (fields.Find("costs") is not { } value || value is YamlRefused)
            return CostTable.Default;
        if (value is YamlMapping)
            return CostReader.Table(value, "costs", fields.Errors);
        if (fields.AsText(value, "costs", remedy) is not { } file)
            return CostTable.Default;
        try
        {
            if (readFile is not null)
                return CostReader.Read(readFile(file), file);
            fields.Refuse("costs", $"'{StudyFields.Shorten(file)}' is a file, and this study is read without its folder", "write the costs here");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            fields.Refuse("costs", $"the cost file '{StudyFields.Shorten(file)}' cannot be read: {exception.Message.TrimEnd('.')}", remedy);
        }

        return CostTable.Default;
    }

    private static List<NodeClass> Classes(StudyFields fields)
    {
        const string remedy = "list at least one class with name, nodes, memory and recordings";
        var classes = new List<NodeClass>();
        if (fields.Require("classes", remedy) is null || fields.List("classes", remedy) is not { } items)
            return classes;
        for (var index = 0; index < items.Count; index++)
        {
            var reader = new NodeClassReader(items[index], $"classes[{index}]", fields.Errors);
            var @class = reader.Read();
            if (@class.Name.Length > 0 && classes.Any(other => other.Name == @class.Name))
                reader.RefuseName($"'{@class.Name}' is the name of an earlier class", "give every class a name of its own");
            classes.Add(@class);
        }

        return classes;
    }
}
