/** An address up to the first blank or quote, which no URL has. */
const address = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi
/** Who asks, up to the last @ of the host's part; a password with a slash in it is no port. */
const user = /^([^:]+:\/\/)(?:[^/?#]*@|[^/?#:@[\]]+:(?!\d*(?:[/?#]|$))\S*@)/
const password = /\b(password|passwd|pwd)(\s*=\s*)('[^']*'|"[^"]*"|[^\s;&]+)/gi

/**
 * An address, or a text with addresses in it, as it may be stored and printed: without names, passwords and keys before
 * its host, values of its query, and the passwords of a connection string (`password=`).
 */
export const withoutSecrets = (text: string): string =>
  text
    .replace(address, url =>
      url
        .replace(user, '$1***@')
        .replace(/[?#].*$/, tail =>
          tail.replace(/([?#&;])([^=&;#?]*)(=[^&;#]*)?/g, (_, mark: string, name: string, value?: string) =>
            value !== undefined ? `${mark}${name}=***` : mark === '#' || name === '' ? `${mark}${name}` : `${mark}***`,
          ),
        ),
    )
    .replace(password, '$1$2***')
