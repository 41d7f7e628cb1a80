using System.IO.Enumeration;

namespace FleetEstimator.Traces;

/// <summary>Paths with wildcards, as the user of a shell writes them.</summary>
public static class FilePattern
{
    private const string AnyFolders = "**";

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    /// <summary>The files below <paramref name="folder"/> that match, in no particular order; wildcards do not match names that begin with a dot.</summary>
    public static IReadOnlyList<string> Match(string folder, string pattern)
    {
        var found = new List<string>();
        var start = Path.IsPathRooted(pattern) ? Path.GetPathRoot(pattern)! : folder;
        Descend(start, pattern.Split('/', StringSplitOptions.RemoveEmptyEntries), found);
        return found;
    }

    private static void Descend(string folder, ReadOnlySpan<string> names, List<string> found)
    {
        if (names.IsEmpty || !Directory.Exists(folder))
            return;
        var name = names[0];
        var rest = names[1..];
        if (name == AnyFolders)
        {
            Descend(folder, rest.IsEmpty ? ["*"] : rest, found);
            foreach (var below in new DirectoryInfo(folder).EnumerateDirectories("*", Everything))
            {
                // A link may lead back up.
                if (below.LinkTarget is null && !below.Name.StartsWith('.'))
                    Descend(Path.Combine(folder, below.Name), names, found);
            }
        }
        else if (!name.AsSpan().ContainsAny('*', '?'))
        {
            Take(Path.Combine(folder, name), rest, found);
        }
        else
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Everything))
            {
                if (!entry.Name.StartsWith('.') && FileSystemName.MatchesSimpleExpression(name, entry.Name, ignoreCase: false))
                    Take(Path.Combine(folder, entry.Name), rest, found);
            }
        }
    }

    private static void Take(string path, ReadOnlySpan<string> rest, List<string> found)
    {
        if (!rest.IsEmpty)
            Descend(path, rest, found);
        else if (File.Exists(path))
            found.Add(path);
    }
}
