"""Writes a .NET solution of the shape of a line-of-business application: dotnet_solution.py FOLDER LIBRARIES CLASSES."""
import pathlib
import sys

from words import Words

TYPES = ["int", "string", "decimal", "DateTimeOffset", "bool", "long", "double?", "Guid"]


def name(words, count=2):
    return "".join(word.capitalize() for word in words.random.choices(words.vocabulary, k=count))


def source(words, library, number):
    record = f"{name(words)}{number}"
    fields = [(words.random.choice(TYPES), f"{name(words, 1)}{index}") for index in range(words.random.randint(5, 14))]
    parameters = ", ".join(f"{kind} {field}" for kind, field in fields)
    group, order = words.random.choice(fields)[1], words.random.choice(fields)[1]
    rules = "\n".join(f'        if (entry.{field}.Equals(default)) errors.Add("{field}: {words.text(6)}");' for kind, field in fields if kind in ("int", "long", "decimal", "bool"))
    cases = "\n".join(f'        "{words.text(2)} {case}" => entry => entry.{words.random.choice(fields)[1]},' for case in range(6))
    queries = "\n".join(f"""
    public async Task<IReadOnlyList<(object? Key, int Count, long Total)>> {name(words)}{index}Async(int page, CancellationToken cancellation = default)
    {{
        await Task.Yield();
        return [.. Entries.Where(entry => entry.Version > page).GroupBy(entry => (object?)entry.{words.random.choice(fields)[1]})
            .Select(group => (group.Key, group.Count(), group.Sum(entry => entry.Version))).OrderByDescending(row => row.Item2).Skip(page * 20).Take(20)];
    }}""" for index in range(5))
    return f"""namespace {library};

/// <summary>{words.text(8)}.</summary>
public sealed record {record}({parameters}, long Version);

/// <summary>{words.text(10)}.</summary>
public sealed class {record}Store(IEnumerable<{record}> entries)
{{
    private readonly Dictionary<long, {record}> _byVersion = entries.ToDictionary(entry => entry.Version);

    public IEnumerable<{record}> Entries => _byVersion.Values.OrderBy(entry => entry.{order});

    public ILookup<object?, {record}> Grouped => Entries.ToLookup(entry => (object?)entry.{group});

    public static IReadOnlyList<string> Validate({record} entry)
    {{
        var errors = new List<string>();
{rules}
        return errors;
    }}

    public static Func<{record}, object?> Column(string title) => title switch
    {{
{cases}
        _ => throw new ArgumentOutOfRangeException(nameof(title), title, "{words.text(5)}"),
    }};
{queries}
}}
"""


def main():
    folder, libraries, classes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(3)
    projects = []
    for index in range(libraries):
        library = f"Shop.{name(words, 1)}{index}"
        home = folder / library
        home.mkdir(parents=True)
        references = "".join(f'    <ProjectReference Include="../{other}/{other}.csproj" />\n' for other in projects[-2:])
        (home / f"{library}.csproj").write_text(f"""<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup>
{references}  </ItemGroup>
</Project>
""")
        for number in range(classes):
            (home / f"Class{number}.cs").write_text(source(words, library, number))
        projects.append(library)
    entries = "\n".join(f'  <Project Path="{project}/{project}.csproj" />' for project in projects)
    (folder / "Shop.slnx").write_text(f"<Solution>\n{entries}\n</Solution>\n")


main()
