using System.Text.Json;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>Reads the JSON of one scenario. What it does not know is an error: a setting or counter left out would make a comparison worthless.</summary>
internal sealed class ScenarioJson(string filePath, int line)
{
    public const string Remedy = "Compare it with the format in the README.md beside the kernel truth";

    private static readonly string[] StepFields = [.. KernelStep.CounterNames, "frames", "pages", "errno"];

    public Scenario Read(JsonElement root)
    {
        var known = Members(root, "the scenario", "scenario", "family", "guest", "ops", "kernels");
        var operations = ReadOperations(Required(known, "ops", JsonValueKind.Array));
        return new()
        {
            FilePath = filePath,
            Line = line,
            Name = Required(known, "scenario", JsonValueKind.String).GetString()!,
            Family = Required(known, "family", JsonValueKind.String).GetString()!,
            Guest = ReadGuest(Required(known, "guest", JsonValueKind.Object)),
            Operations = operations,
            Kernels = ReadKernels(Required(known, "kernels", JsonValueKind.Object), operations),
        };
    }

    private List<ScenarioOperation> ReadOperations(JsonElement array)
    {
        var operations = new List<ScenarioOperation>(array.GetArrayLength());
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.String)
                throw Fail($"operation {operations.Count + 1}", $"{element} is not a string");
            var text = element.GetString()!;
            try
            {
                operations.Add(ScenarioSyntax.Parse(text));
            }
            catch (FormatException exception)
            {
                throw Fail($"operation {operations.Count + 1}, \"{text}\"", exception.Message, exception);
            }
        }

        return operations;
    }

    private Guest ReadGuest(JsonElement element)
    {
        var settings = Members(element, "guest", "swap", "cluster", "zswap", "thp", "mthp64", "mglru");
        return new()
        {
            Swap = Choice(Required(settings, "swap", JsonValueKind.String), "guest.swap", ("zram", SwapDevice.Zram), ("ssd", SwapDevice.Ssd)),
            PageCluster = Whole(Required(settings, "cluster", JsonValueKind.Number), "guest.cluster", 0, 5),
            Zswap = Optional(settings, "zswap", ZswapSetting.Off, ("0", ZswapSetting.Off), ("1", ZswapSetting.On), ("never", ZswapSetting.NeverWritten)),
            TransparentHugePages = HugePages(settings, "thp"),
            HugePages64K = HugePages(settings, "mthp64"),
            MultiGenerationalLru = Optional(settings, "mglru", (bool?)null, ("0", false), ("1", true)),
        };
    }

    private HugePageSetting HugePages(Dictionary<string, JsonElement> settings, string name) => Optional(
        settings, name, HugePageSetting.Never, ("never", HugePageSetting.Never), ("madvise", HugePageSetting.Madvise), ("always", HugePageSetting.Always));

    private Dictionary<string, KernelRecord> ReadKernels(JsonElement kernels, List<ScenarioOperation> operations)
    {
        var records = new Dictionary<string, KernelRecord>();
        foreach (var kernel in kernels.EnumerateObject())
        {
            KernelRecord record = kernel.Value.ValueKind switch
            {
                JsonValueKind.Array => new KernelSteps { Kernel = kernel.Name, Steps = ReadSteps(kernel, operations) },
                JsonValueKind.Object => ReadTotals(kernel),
                _ => throw Fail(kernel.Name, $"a kernel holds steps or totals, not {kernel.Value}"),
            };
            if (!records.TryAdd(kernel.Name, record))
                throw Fail(kernel.Name, "the kernel stands there twice");
        }

        return records;
    }

    private List<KernelStep> ReadSteps(JsonProperty kernel, List<ScenarioOperation> operations)
    {
        if (kernel.Value.GetArrayLength() > operations.Count)
            throw Fail(kernel.Name, $"there are {kernel.Value.GetArrayLength()} steps for {operations.Count} operations");
        var steps = new List<KernelStep>();
        foreach (var element in kernel.Value.EnumerateArray())
            steps.Add(ReadStep(element, $"{kernel.Name}, step {steps.Count + 1}, \"{operations[steps.Count]}\""));
        return steps;
    }

    private KernelStep ReadStep(JsonElement element, string where)
    {
        var fields = Members(element, where, StepFields);
        var counters = new Dictionary<string, long>();
        foreach (var name in KernelStep.CounterNames)
        {
            if (fields.TryGetValue(name, out var value))
                counters.Add(name, Whole(value, $"{where}, {name}", int.MinValue, int.MaxValue));
        }

        var pages = new Dictionary<RegionId, PageStates>();
        if (fields.TryGetValue("pages", out var regions))
        {
            if (regions.ValueKind != JsonValueKind.Object)
                throw Fail(where, "pages is not an object");
            foreach (var region in regions.EnumerateObject())
            {
                if (!pages.TryAdd(ReadRegionId(region.Name, where), ReadPageStates(region, where)))
                    throw Fail(where, $"region {region.Name} stands there twice");
            }
        }

        return new()
        {
            Counters = counters,
            Frames = fields.TryGetValue("frames", out var frames) ? Whole(frames, $"{where}, frames", 0, int.MaxValue) : 0,
            Pages = pages,
            Errno = fields.TryGetValue("errno", out var errno) ? Whole(errno, $"{where}, errno", 0, 4095) : 0,
        };
    }

    private RegionId ReadRegionId(string name, string where) =>
        name.Split('.') is [var worker, var region] && int.TryParse(worker, out var first) && int.TryParse(region, out var second)
            ? new(first, second)
            : throw Fail(where, $"\"{name}\" is not WORKER.REGION");

    private PageStates ReadPageStates(JsonProperty region, string where)
    {
        if (region.Value.ValueKind == JsonValueKind.String
            && PageStates.TryParse(region.Value.GetString()!, ScenarioSyntax.RegionPagesMax, out var states))
        {
            return states;
        }

        throw Fail(where, $"{region.Value} is not a run-length code of page states ({PageStates.Alphabet}) for region {region.Name}");
    }

    private KernelTotals ReadTotals(JsonProperty kernel)
    {
        var members = Members(kernel.Value, kernel.Name, "totals", "overhead");
        var totals = new Dictionary<string, TotalRange>();
        foreach (var total in Required(members, "totals", JsonValueKind.Object).EnumerateObject())
        {
            if (total.Value.ValueKind != JsonValueKind.Array || total.Value.GetArrayLength() != 3
                || total.Value.EnumerateArray().Any(end => end.ValueKind != JsonValueKind.Number))
            {
                throw Fail($"{kernel.Name}, {total.Name}", $"{total.Value} is not [least, median, greatest]");
            }

            totals[total.Name] = new(total.Value[0].GetDouble(), total.Value[1].GetDouble(), total.Value[2].GetDouble());
        }

        return new()
        {
            Kernel = kernel.Name,
            Totals = totals,
            OverheadPages = Whole(Required(members, "overhead", JsonValueKind.Number), $"{kernel.Name}, overhead", 0, int.MaxValue),
        };
    }

    private Dictionary<string, JsonElement> Members(JsonElement element, string where, params string[] known)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Fail(where, $"{element} is not an object");
        var members = new Dictionary<string, JsonElement>();
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name))
                throw Fail(where, $"\"{member.Name}\" is none of {string.Join(", ", known)}");
            if (!members.TryAdd(member.Name, member.Value))
                throw Fail(where, $"\"{member.Name}\" stands there twice");
        }

        return members;
    }

    private JsonElement Required(Dictionary<string, JsonElement> members, string name, JsonValueKind kind)
    {
        if (!members.TryGetValue(name, out var value))
            throw Fail(name, "it is missing");
        return value.ValueKind == kind ? value : throw Fail(name, $"it is {value.ValueKind}, not {kind}".ToLowerInvariant());
    }

    private int Whole(JsonElement element, string where, int least, int greatest) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value >= least && value <= greatest
            ? value
            : throw Fail(where, $"{element} is not a whole number from {least} to {greatest}");

    // A setting may be written as number or string.
    private T Optional<T>(Dictionary<string, JsonElement> members, string name, T absent, params (string Name, T Value)[] choices) =>
        members.TryGetValue(name, out var element) ? Choice(element, $"guest.{name}", choices) : absent;

    private T Choice<T>(JsonElement element, string where, params (string Name, T Value)[] choices)
    {
        var text = element.ToString();
        foreach (var (name, value) in choices)
        {
            if (text == name)
                return value;
        }

        throw Fail(where, $"\"{text}\" is none of {string.Join(", ", choices.Select(choice => choice.Name))}");
    }

    private ScenarioException Fail(string where, string problem, Exception? inner = null) => new(filePath, line, where, problem, Remedy, inner);
}
