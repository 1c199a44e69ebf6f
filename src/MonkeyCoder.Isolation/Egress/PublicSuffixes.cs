namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Suffixes under which anybody can get a name of their own, so that a wildcard over one would allow everybody. Countries'
/// second levels are told by their form; of the suffixes of hosting services the well-known ones are listed. It is no
/// complete list: who allows a wildcard says that he trusts whoever owns the suffix.
/// </summary>
internal static class PublicSuffixes
{
    private static readonly HashSet<string> SecondLevels = new(StringComparer.Ordinal)
    {
        "ac", "co", "com", "edu", "go", "gob", "gov", "gouv", "gv", "ltd", "mil", "ne", "net", "nom", "or", "org",
        "plc", "sch",
    };

    private static readonly HashSet<string> Hosting = new(StringComparer.Ordinal)
    {
        "amazonaws.com", "amplifyapp.com", "appspot.com", "azureedge.net", "azurewebsites.net", "azurestaticapps.net",
        "blogspot.com", "cloudapp.net", "cloudfront.net", "duckdns.org", "dyndns.org", "elasticbeanstalk.com",
        "e2b.app", "e2b.dev", "firebaseapp.com", "fly.dev", "github.io", "githubusercontent.com", "gitlab.io", "glitch.me",
        "herokuapp.com", "hopto.org", "loca.lt", "netlify.app", "ngrok.app", "ngrok.io", "ngrok-free.app",
        "nip.io", "no-ip.org", "on.aws", "oastify.com", "pages.dev", "pythonanywhere.com", "railway.app", "readthedocs.io",
        "onrender.com", "repl.co", "replit.dev", "run.app", "s3.amazonaws.com", "serveo.net", "sslip.io",
        "surge.sh", "trycloudflare.com", "vercel.app", "web.app", "windows.net", "workers.dev", "xip.io",
        "blob.core.windows.net", "core.windows.net", "storage.googleapis.com", "r2.dev", "supabase.co", "up.railway.app", "me.uk", "id.au",
    };

    /// <summary>Of a canonical name of at least two labels.</summary>
    public static bool Contains(string name)
    {
        var labels = name.Split('.');
        return Hosting.Contains(name) || (labels.Length == 2 && labels[1].Length == 2 && SecondLevels.Contains(labels[0]));
    }
}
